"""Packets and frames: sources, sessions, decoding, stills."""
