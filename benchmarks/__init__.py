"""One file per question about speed; run by `main.py bench NAME`."""
