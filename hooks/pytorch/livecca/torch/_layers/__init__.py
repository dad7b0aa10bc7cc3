"""Which layers there are, and how their outputs are read."""
