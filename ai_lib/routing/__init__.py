"""Who answers a call: fallback chain, round robin, hedge, model array and model router."""
