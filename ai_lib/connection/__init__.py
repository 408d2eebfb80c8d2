"""One provider, ready to be called: settings resolved, adapter, transport and guard assembled."""
