"""Many requests, side by side, with a checkpoint and a bill. May import `api` and `types`."""
