"""Frames to events: detectors, tracker, rules, and the process that runs them."""
