"""The protocols that users may implement. May import `types`."""
