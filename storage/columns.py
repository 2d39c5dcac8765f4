"""Columns in the journal's own few forms, and tables made from records. Holds the one MetaData.

A record's field says its column: text, float, int, flag or an enumeration's value; a tuple becomes canonical JSON text;
`| None` allows NULL.
"""

from __future__ import annotations

import types
from dataclasses import fields
from enum import IntEnum, StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

from sqlalchemy import CheckConstraint, Column, Double, ForeignKey, Integer, MetaData, Table, Text, UniqueConstraint

metadata = MetaData()

AnyColumn = Column[str] | Column[int] | Column[float]


def text(name: str, *, null: bool = False) -> Column[str]:
    """A text."""
    return Column(name, Text, nullable=null)


def number(name: str, *, null: bool = False) -> Column[int]:
    """An integer."""
    return Column(name, Integer, nullable=null)


def real(name: str, *, null: bool = False) -> Column[float]:
    """A float."""
    return Column(name, Double, nullable=null)


def flag(name: str, *, null: bool = False) -> Column[int]:
    """0 or 1."""
    return Column(name, Integer, CheckConstraint(f"{name} IN (0, 1)"), nullable=null)


def link(name: str, target: str, *, null: bool = False) -> Column[str]:
    """The id of a row of another table (`incidents.id`)."""
    return Column(name, Text, ForeignKey(target), nullable=null)


def facts(name: str, *columns: AnyColumn | UniqueConstraint) -> Table:
    """A table with a text id."""
    return Table(name, metadata, Column("id", Text, primary_key=True), *columns)


def registry(name: str, *columns: AnyColumn) -> Table:
    """A table of records that can be replaced and taken out of use."""
    return facts(name, *columns, flag("retired"), number("revision"))


def facts_of(name: str, kind: type, *, links: dict[str, str] | None = None, changing: bool = True) -> Table:
    """The table of a record dataclass; `links` are its foreign keys, `changing` rows carry their revision."""
    columns = _columns(kind, links or {})
    return facts(name, *columns, number("revision")) if changing else facts(name, *columns)


def registry_of(name: str, kind: type, *, links: dict[str, str] | None = None) -> Table:
    """The table of a registry record's dataclass."""
    return registry(name, *_columns(kind, links or {}))


def forms(kind: type) -> dict[str, tuple[Any, bool]]:
    """Field name to (its type without None, whether it may be None), of a record dataclass."""
    if kind not in _FORMS:
        hints = get_type_hints(kind)
        _FORMS[kind] = {item.name: _bare(hints[item.name]) for item in fields(kind)}
    return _FORMS[kind]


_FORMS: dict[type, dict[str, tuple[Any, bool]]] = {}


def _bare(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (Union, types.UnionType):
        rest = [arg for arg in get_args(hint) if arg is not types.NoneType]
        return rest[0], True
    return hint, False


def _columns(kind: type, links: dict[str, str]) -> list[AnyColumn]:
    return [_column(name, *form, links.get(name)) for name, form in forms(kind).items() if name != "id"]


def _column(name: str, form: Any, null: bool, target: str | None) -> AnyColumn:
    if target is not None:
        return link(name, target, null=null)
    if form is bool:
        return flag(name, null=null)
    if form is float:
        return real(name, null=null)
    if form is int or (isinstance(form, type) and issubclass(form, IntEnum)):
        return number(name, null=null)
    if form is str or get_origin(form) is tuple or (isinstance(form, type) and issubclass(form, StrEnum)):
        return text(name, null=null)
    raise TypeError(f"{name}: no column for {form}")
