"""Checks of what a command carries: texts, times, ids, references to the registry. All refuse with BAD_VALUE.

Emoji, right-to-left letters, HTML, SQL and formulas are kept as they came: who shows a text escapes it. NUL is refused:
PostgreSQL cannot hold it, and a reader that stops at it would hide what stands behind.
"""

from __future__ import annotations

import re

from sqlalchemy import Table

from storage.errors import StorageCode, StorageError
from storage.ledger import Ledger
from storage.records import Severity
from storage.rows import LAST_UTC_S
from storage.statements import Row

LONGEST_TITLE = 200
LONGEST_TEXT = 20_000
LONGEST_ID = 64
LARGEST_AMOUNT = 2**53
"""Up to here every reader's numbers are exact (JSON, spreadsheets)."""
_CURRENCY_LETTERS = 3
_SHA256 = re.compile(r"[0-9a-f]{64}")


def bad(field: str, reason: str, **details: str | int | float) -> StorageError:
    """The refusal of a value."""
    return StorageError(StorageCode.BAD_VALUE, field=field, reason=reason, **details)


def text(field: str, value: object, most: int = LONGEST_TEXT, *, needed: bool = False) -> str:
    """A text of at most `most` letters; `needed`: with something to read in it."""
    if not isinstance(value, str):
        raise bad(field, "not a text")
    if len(value) > most:
        raise bad(field, "too long", length=len(value), most=most)
    if "\0" in value:
        raise bad(field, "holds a NUL")
    if needed and not value.strip():
        raise bad(field, "empty")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise bad(field, "not representable") from error
    return value


def sha256(field: str, value: object) -> str:
    """The 64 small hexadecimal digits of a SHA-256."""
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise bad(field, "not a SHA-256")
    return value


def title(field: str, value: object, *, needed: bool = False) -> str:
    """A text of one line's length."""
    return text(field, value, LONGEST_TITLE, needed=needed)


def utc_s(field: str, value: object) -> float:
    """A time that calendars can show."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= LAST_UTC_S:
        raise bad(field, "not a time")
    return float(value)


def amount(field: str, value: object) -> int:
    """A sum in the currency's smallest unit."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_AMOUNT:
        raise bad(field, "not an amount")
    return value


def currency(field: str, value: object) -> str:
    """Three letters (ISO 4217), or none."""
    code = title(field, value)
    if code and not (len(code) == _CURRENCY_LETTERS and code.isascii() and code.isalpha() and code.isupper()):
        raise bad(field, "not an ISO 4217 code")
    return code


def severity(field: str, value: object) -> Severity:
    """One of the five."""
    if not isinstance(value, int) or value not in frozenset(Severity):
        raise bad(field, "not a severity")
    return Severity(value)


def new(ledger: Ledger, table: Table, row_id: object) -> str:
    """The id of a row that is not there yet."""
    found = text("id", row_id, LONGEST_ID, needed=True)
    if ledger.find(table, found) is not None:
        raise StorageError(StorageCode.BAD_VALUE, field="id", reason="is there already", table=table.name, id=found)
    return found


def in_use(ledger: Ledger, table: Table, row_id: object) -> Row:
    """A registry row that exists and is not taken out of use."""
    row = ledger.find(table, text("id", row_id, LONGEST_TEXT))
    if row is None or row["retired"]:
        raise StorageError(StorageCode.BAD_VALUE, field=table.name, reason="not in use", table=table.name)
    return row


def optional(ledger: Ledger, table: Table, row_id: str | None) -> str | None:
    """The id of a row in use; None and an empty text are None."""
    return str(in_use(ledger, table, row_id)["id"]) if row_id else None
