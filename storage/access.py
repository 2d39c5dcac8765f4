"""Roles to permissions, validity dates and camera groups of an operator. The journal checks them in its one entrance
(`scope`); views only hide what would be refused."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from storage.records import Operator, Role
from storage.registry_records import CameraGroup


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
    ASSIGN = "assign"
    RESTRICT = "restrict"
    APPROVE = "approve"
    DISCLOSE = "disclose"
    ERASE = "erase"
    ANSWER = "answer"
    LIFT_MASK = "lift_mask"
    READ_BLACK_BOX = "read_black_box"


_OPERATOR = {
    Permission.HANDLE_ALARM,
    Permission.HANDLE_INCIDENT,
    Permission.CLOSE_INCIDENT,
    Permission.READ_JOURNAL,
    Permission.EXPORT,
    Permission.ANSWER,
}
_SUPERVISOR = _OPERATOR | {
    Permission.SIGN,
    Permission.ASSIGN,
    Permission.RESTRICT,
    Permission.APPROVE,
    Permission.DISCLOSE,
    Permission.LIFT_MASK,
    Permission.READ_BLACK_BOX,
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OPERATOR: frozenset(_OPERATOR),
    Role.SUPERVISOR: frozenset(_SUPERVISOR),
    Role.INVESTIGATOR: frozenset(
        {
            Permission.READ_JOURNAL,
            Permission.EXPORT,
            Permission.DISCLOSE,
            Permission.LIFT_MASK,
            Permission.READ_BLACK_BOX,
        }
    ),
    Role.PROTECTION_OFFICER: frozenset(
        {Permission.READ_JOURNAL, Permission.APPROVE, Permission.ERASE, Permission.READ_BLACK_BOX}
    ),
    Role.ADMINISTRATOR: frozenset(set(Permission) - {Permission.RECORD, Permission.ERASE}),
    Role.SERVICE: frozenset(
        {
            Permission.RECORD,
            Permission.HANDLE_ALARM,
            Permission.READ_JOURNAL,
            Permission.SIGN,
            Permission.ANSWER,
            Permission.ERASE,
        }
    ),
}


def may(role: Role | None, permission: Permission) -> bool:
    """Whether a role has a permission; nobody has none."""
    return role is not None and permission in PERMISSIONS[role]


def is_valid(operator: Operator, utc_s: float) -> bool:
    """Whether the operator may act at that time; the first second belongs to them, the last does not."""
    begun = operator.valid_from_utc_s is None or operator.valid_from_utc_s <= utc_s
    return begun and (operator.valid_to_utc_s is None or utc_s < operator.valid_to_utc_s)


def cameras_of(operator: Operator, groups: Iterable[CameraGroup]) -> frozenset[str] | None:
    """Ids of the cameras that the operator may see and act on; None: all. `groups` are those in use, so that a group
    taken out of use opens nothing."""
    if not operator.group_ids:
        return None
    return frozenset(c for group in groups if group.id in operator.group_ids for c in group.camera_ids)
