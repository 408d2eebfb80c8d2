"""The wire formats of the test kit, one module each, and `render`, which chooses one by the request's address."""
