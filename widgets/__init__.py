"""Qt views: ask services, draw answers."""
