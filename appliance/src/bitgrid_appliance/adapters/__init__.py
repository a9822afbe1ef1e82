"""One file per device family; each runs as a process of its own and speaks topics only."""
