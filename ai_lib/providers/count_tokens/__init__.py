"""Wire formats for counting the tokens of a chat request, one module each; a `[count_tokens]` table names one.

Each has `Options`, an `encode` that takes a `ChatCompletionRequest`, and a `decode` that returns an integer.
"""
