"""Our values to wire bytes and back.

Pure: no socket, clock, environment, file or thread here (but for the registry, which reads the configurations that
ship with the package). May import `types`, `errors` and `utils`.
"""
