"""Pictures on their way to the process that calibrates with them: image files one after the other in one open file.

The file has no name (`tempfile.TemporaryFile`): it is gone with the two processes that hold it, however they end.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

MOST_BYTES = 32 << 20
"""Of one picture."""
_LENGTH = struct.Struct(">I")


def add_picture(roll: IO[bytes], data: bytes) -> None:
    """One more image file (JPEG, PNG, ...). Raises OSError of the disk."""
    roll.write(_LENGTH.pack(len(data)) + data)


def pictures_of(roll: IO[bytes]) -> Iterator[bytes]:
    """All of them, in order; ends where the file does, or where it is torn."""
    while len(head := roll.read(_LENGTH.size)) == _LENGTH.size:
        length = _LENGTH.unpack(head)[0]
        data = roll.read(length) if length <= MOST_BYTES else b""
        if len(data) != length or not data:
            return
        yield data
