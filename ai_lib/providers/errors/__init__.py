"""What providers send instead of an answer: its fields, the typed error, and the classification table."""
