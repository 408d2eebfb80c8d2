"""JSON Schema: the schema of a type or a function, JSON as values of a type, validation.

Knows nothing of language models and imports nothing of the library.
"""
