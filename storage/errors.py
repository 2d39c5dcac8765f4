"""Typed failures of the environment. Bugs are not here: they stay ordinary exceptions."""

from __future__ import annotations

from enum import StrEnum


class WatchfloorError(Exception):
    """An expected failure. `code` is the key of the operator's sentence (made in `app.texts`); `details` fill it.

    Details go to logs and screens: never put a credential or an unredacted URL in them.
    """

    def __init__(self, code: StrEnum, **details: str | int | float) -> None:
        super().__init__(f"{code.value} {details}" if details else code.value)
        self.code = code
        self.details = details


class StorageCode(StrEnum):
    """Why the ground floor refused."""

    DISK_FULL = "storage.disk_full"
    DISK_FAILED = "storage.disk_failed"
    READ_ONLY = "storage.read_only"
    NEWER_JOURNAL = "storage.newer_journal"
    NOT_A_JOURNAL = "storage.not_a_journal"
    DAMAGED = "storage.damaged"
    NETWORK_PATH = "storage.network_path"
    BUSY = "storage.busy"
    CLOSED = "storage.closed"
    NOT_PERMITTED = "storage.not_permitted"
    UNKNOWN_ACTOR = "storage.unknown_actor"
    NOT_FOUND = "storage.not_found"
    STALE_VERSION = "storage.stale_version"
    ILLEGAL_TRANSITION = "storage.illegal_transition"
    BAD_VALUE = "storage.bad_value"
    NO_REASON = "storage.no_reason"
    HELD = "storage.held"
    BAD_SETTINGS = "storage.bad_settings"
    BAD_KEY = "storage.bad_key"
    FOLDER_TAKEN = "storage.folder_taken"
    IN_USE = "storage.in_use"
    NOT_WHOLE = "storage.not_whole"
    BAD_SCHEDULE = "storage.bad_schedule"
    CANCELLED = "storage.cancelled"
    BAD_LAYOUT = "storage.bad_layout"
    NEEDS_TRIAL = "storage.needs_trial"
    FOLDER_MISSING = "storage.folder_missing"
    ALREADY_ASKED = "storage.already_asked"
    KEY_MISSING = "storage.key_missing"
    NO_CIPHER = "storage.no_cipher"


class StorageError(WatchfloorError):
    """The journal, the evidence store, the settings or a key could not do what was asked."""
