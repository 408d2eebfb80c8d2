"""What the rest is made with; knows nothing of language models and imports nothing of the library."""
