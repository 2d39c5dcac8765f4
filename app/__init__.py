"""Decide and coordinate: no pixels, no SQL, no Qt."""
