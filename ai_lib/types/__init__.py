"""What is said to a model and what it answers, as frozen values.

No I/O and no policy here: this package may import `errors` and `utils`, and nothing that talks, waits or decides.
"""
