"""Which model, at what price: catalogue, costs and budgets, selection, balancing. May import `api` and `types`."""
