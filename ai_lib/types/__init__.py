"""Requests, responses and their parts, as frozen values.

No I/O and no policy: this package imports `errors`, `schemas` and `utils`, and nothing that sends, waits or decides.
"""
