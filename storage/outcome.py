"""What a command's handler did, before it is sealed."""

from __future__ import annotations

from typing import NamedTuple


class Done(NamedTuple):
    """Subject of the audit entry and the receipt's fields; `repeated` when nothing was written (idempotence)."""

    subject: str
    subject_id: str
    alarm_id: str | None = None
    alarm_raised: bool = False
    incident_id: str | None = None
    incident_number: str | None = None
    repeated: bool = False
