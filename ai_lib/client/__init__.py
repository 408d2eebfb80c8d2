"""The public face: it wires the parts and decides nothing."""
