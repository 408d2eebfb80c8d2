"""Wire formats for counting tokens: each `OPERATION` takes a `ChatCompletionRequest` and reads a whole number."""
