"""Small tools without any knowledge of language models; imports nothing else of the library."""
