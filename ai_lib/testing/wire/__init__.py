"""The wire formats that a fake speaks: one module each, and `render`, which picks one by the address."""
