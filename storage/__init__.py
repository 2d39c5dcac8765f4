"""Ground floor: what Watchfloor remembers, its vocabulary and the life cycle of everything that runs."""
