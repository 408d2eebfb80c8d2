"""Conversion of this library's types to wire bytes and back.

Pure: no socket, clock, environment, file or thread (except that the registry reads the configurations that ship with
the package). May import `types`, `errors` and `utils`.
"""
