"""Whether and when to call. Wraps any callable; knows no provider and no transport. May import `api`."""
