"""Table of step 0002 as it was made then, frozen. Never edit."""

from __future__ import annotations

TABLES: tuple[str, ...] = (
    """CREATE TABLE footage_digests (
	id TEXT NOT NULL,
	from_utc_s DOUBLE NOT NULL,
	to_utc_s DOUBLE NOT NULL,
	count INTEGER NOT NULL,
	digest TEXT NOT NULL,
	at_utc_s DOUBLE NOT NULL,
	PRIMARY KEY (id)
)""",
    "CREATE INDEX ix_footage_digests_time ON footage_digests (to_utc_s)",
)
