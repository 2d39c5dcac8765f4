"""Roles to permissions. The journal checks them in its one entrance; views only hide what would be refused."""

from __future__ import annotations

from enum import StrEnum

from storage.records import Role


class Permission(StrEnum):
    """What a command may need."""

    RECORD = "record"
    HANDLE_ALARM = "handle_alarm"
    HANDLE_INCIDENT = "handle_incident"
    CLOSE_INCIDENT = "close_incident"
    READ_JOURNAL = "read_journal"
    EXPORT = "export"
    CONFIGURE = "configure"
    ADMINISTER = "administer"
    SIGN = "sign"


_OPERATOR = {
    Permission.HANDLE_ALARM,
    Permission.HANDLE_INCIDENT,
    Permission.CLOSE_INCIDENT,
    Permission.READ_JOURNAL,
    Permission.EXPORT,
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OPERATOR: frozenset(_OPERATOR),
    Role.SUPERVISOR: frozenset(_OPERATOR | {Permission.SIGN}),
    Role.INVESTIGATOR: frozenset({Permission.READ_JOURNAL, Permission.EXPORT}),
    Role.ADMINISTRATOR: frozenset(set(Permission) - {Permission.RECORD}),
    Role.SERVICE: frozenset({Permission.RECORD, Permission.HANDLE_ALARM, Permission.READ_JOURNAL, Permission.SIGN}),
}
