"""Data files only; a package so that an installed Watchfloor finds them."""
