"""Batches: many requests at once, with a checkpoint and a cost limit. May import `api` and `types`."""
