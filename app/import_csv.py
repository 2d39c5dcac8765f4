"""Cameras from a table: a header in any order and four languages, `;`, `,` or tab, UTF-8 or Windows' Cyrillic."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from app.camera_import import MOST_CAMERAS, FoundCamera, PlaceText, Unread, found_camera, refused
from app.errors import AppCode, AppError
from app.import_text import text_of
from storage.sealed import Credential

_HEADERS: dict[str, tuple[str, ...]] = {
    "url": ("url", "mainurl", "main", "mainstream", "rtsp", "rtspurl", "stream", "ссылка", "поток", "потік", "ағын"),
    "sub": ("suburl", "sub", "substream", "second", "secondstream", "субпоток", "другийпотік", "второйпоток"),
    "name": ("name", "title", "camera", "cameraname", "название", "имя", "камера", "назва", "атауы"),
    "number": ("number", "no", "nr", "№", "номер", "нөмірі"),
    "latitude": ("latitude", "lat", "latitudedeg", "широта", "ендік"),
    "longitude": ("longitude", "lon", "lng", "long", "longitudedeg", "долгота", "довгота", "бойлық"),
    "address": ("address", "street", "адрес", "адреса", "мекенжай", "мекенжайы"),
    "place": ("place", "placename", "site", "место", "місце", "объект", "орын"),
    "district": ("district", "район", "аудан"),
    "group": ("group", "groupname", "группа", "група", "топ"),
    "user": ("user", "username", "login", "логин", "логін", "пользователь", "користувач"),
    "password": ("password", "pass", "пароль", "құпиясөз"),
}
_FIELDS = {alias: field for field, aliases in _HEADERS.items() for alias in aliases}
_SIGNS = str.maketrans("", "", " _-.\t\u00a0")
_LONGEST_NUMBER = 6


class _Lines(Protocol):
    """What `csv.reader` gives."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


def read_csv(path: Path) -> list[FoundCamera]:
    """Every line with something in it. Raises AppError: IMPORT_TOO_LARGE, IMPORT_BROKEN, IMPORT_COLUMNS; OSError."""
    text = text_of(path)
    head = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(";,\t", key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return _cameras(lines, str(path))
    except csv.Error:
        raise AppError(AppCode.IMPORT_BROKEN, path=str(path), line=lines.line_num) from None


def _cameras(lines: _Lines, path: str) -> list[FoundCamera]:
    columns: dict[str, int] | None = None
    found: list[FoundCamera] = []
    for cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            columns = _columns(cells)
            if "url" not in columns:
                raise AppError(AppCode.IMPORT_COLUMNS, path=path, line=lines.line_num, known="name, url, sub_url")
            continue
        if len(found) >= MOST_CAMERAS:
            raise AppError(AppCode.IMPORT_TOO_LARGE, path=path)
        found.append(_camera({field: _cell(cells, at) for field, at in columns.items()}, lines.line_num))
    if columns is None:
        raise AppError(AppCode.IMPORT_COLUMNS, path=path, line=1, known="name, url, sub_url")
    return found


def _columns(cells: Sequence[str]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for at, cell in enumerate(cells):
        field = _FIELDS.get(cell.strip().casefold().translate(_SIGNS))
        if field is not None:
            columns.setdefault(field, at)
    return columns


def _cell(cells: Sequence[str], at: int) -> str:
    return cells[at].strip() if at < len(cells) else ""


def _camera(texts: dict[str, str], line: int) -> FoundCamera:
    name, wish = texts.get("name", ""), texts.get("number", "")
    if wish and not (wish.isascii() and wish.isdigit() and len(wish) <= _LONGEST_NUMBER):
        return refused(name, Unread.NUMBER, wish, line=line)
    position: list[float | None] = []
    for field, limit_deg in (("latitude", 90.0), ("longitude", 180.0)):
        try:
            position.append(_degrees(texts.get(field, ""), limit_deg))
        except ValueError:
            return refused(name, Unread.POSITION, texts[field], line=line)
    user, password = texts.get("user", ""), texts.get("password", "")
    return found_camera(
        name,
        texts["url"],
        texts.get("sub", ""),
        line=line,
        group=texts.get("group", ""),
        place=PlaceText(texts.get("place", ""), texts.get("address", ""), texts.get("district", ""), *position),
        number=int(wish or 0),
        login=Credential(user, password) if user or password else None,
    )


def _degrees(text: str, limit_deg: float) -> float | None:
    if not text:
        return None
    degrees = float(text.replace(",", "."))
    if not -limit_deg <= degrees <= limit_deg:
        raise ValueError(text)
    return degrees
