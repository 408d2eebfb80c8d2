"""JSON Schema: from a type, from a function and its docstring; validation. Knows nothing of language models."""
