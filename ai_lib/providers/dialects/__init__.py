"""One module or package for each wire format; none imports another."""
