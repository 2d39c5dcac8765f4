"""Who may see an incident: of a camera of another group nobody may. A restricted one may be seen by its owner, those
named, supervisors, administrators, the protection officer, and the program itself. One that nobody owns yet may be
taken by every operator: it must not wait unseen.

The rule stands here twice: for one row, and as a clause for lists. Functions of a connection.
"""

from __future__ import annotations

import json
from dataclasses import fields
from functools import cache

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, literal_column, or_, select

from storage import access, schema, schema_cases
from storage.access import PERMISSIONS, Permission
from storage.commands import Command
from storage.driver import Connection
from storage.errors import StorageCode, StorageError
from storage.ledger import Ledger
from storage.records import Actor, Operator, Role
from storage.registry_records import CameraGroup
from storage.rows import from_row
from storage.statements import Row, Statement, Value, row_by_id

_NAMING = frozenset({"incident_id", "into_id", "other_id", "subject_id"})

SEEING_ALL = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PROTECTION_OFFICER, Role.SERVICE})

_incidents, _grants = schema.incidents, schema_cases.grants
_GRANT = Statement(
    select(_grants.c.id)
    .where(
        _grants.c.incident_id == bindparam("incident_id"),
        _grants.c.operator_id == bindparam("viewer_id"),
        _grants.c.removed == 0,
    )
    .limit(1)
)

_GROUPS = Statement(select(schema_cases.camera_groups).where(schema_cases.camera_groups.c.retired == 0))

CLAUSE: ColumnElement[bool] = and_(
    or_(
        _incidents.c.restricted == 0,
        bindparam("viewer_sees_restricted") == 1,
        _incidents.c.owner_id == bindparam("viewer_id"),
        and_(_incidents.c.owner_id.is_(None), bindparam("viewer_handles") == 1),
        exists().where(
            _grants.c.incident_id == _incidents.c.id,
            _grants.c.operator_id == bindparam("viewer_id"),
            _grants.c.removed == 0,
        ),
    ),
    or_(
        bindparam("viewer_cameras").is_(None),
        _incidents.c.camera_id == literal_column("''"),
        _incidents.c.camera_id.in_(
            select(func.json_each(bindparam("viewer_cameras")).table_valued("value").c.value).scalar_subquery()
        ),
    ),
)
"""For a list of incidents; its parameters come from `clause_values`. Not needed for who `sees_all`."""


def visible(connection: Connection, incident: Row, viewer_id: str) -> bool:
    """Whether the viewer may know of this row of `incidents`."""
    cameras = cameras_of(connection, viewer_id)
    if cameras is not None and incident["camera_id"] and incident["camera_id"] not in cameras:
        return False
    return _may_see(connection, incident, viewer_id, _role(connection, viewer_id))


def cameras_of(connection: Connection, operator_id: str) -> frozenset[str] | None:
    """Ids of the cameras that the operator may see, by the groups in use; None: all. A stranger sees none."""
    row = row_by_id(schema.operators).row(connection, {"row_key": operator_id})
    if row is None or row["retired"]:
        return frozenset()
    return cameras_of_operator(connection, from_row(Operator, row))


def cameras_of_operator(connection: Connection, operator: Operator) -> frozenset[str] | None:
    """As `access.cameras_of`, with the groups in use."""
    if not operator.group_ids:
        return None
    return access.cameras_of(operator, [from_row(CameraGroup, row) for row in _GROUPS.rows(connection)])


def sees_all(connection: Connection, viewer_id: str | None) -> bool:
    """Whether no list needs `CLAUSE` for this viewer; None is the program itself."""
    if viewer_id is None:
        return True
    return _role(connection, viewer_id) in SEEING_ALL and cameras_of(connection, viewer_id) is None


def clause_values(connection: Connection, viewer_id: str) -> dict[str, Value]:
    """Parameters of `CLAUSE`."""
    role, cameras = _role(connection, viewer_id), cameras_of(connection, viewer_id)
    return {
        "viewer_id": viewer_id,
        "viewer_handles": int(_handles(role)),
        "viewer_sees_restricted": int(role in SEEING_ALL),
        "viewer_cameras": None if cameras is None else json.dumps(sorted(cameras)),
    }


def require(ledger: Ledger, incident: Row, actor: Actor) -> None:
    """Refuse a command about an incident that the actor may not see. Raises NOT_PERMITTED."""
    if not _may_see(ledger.connection, incident, actor.id, ledger.role(actor)):
        raise not_visible(incident, actor.id)


def require_named(ledger: Ledger, command: Command, actor: Actor) -> None:
    """`require` for every incident that the command names by a field of its own."""
    for name in _naming_fields(type(command)):  # type: ignore[arg-type]  # a class is hashable
        value = getattr(command, name)
        incident = ledger.find(_incidents, value) if isinstance(value, str) else None
        if incident is not None:
            require(ledger, incident, actor)


@cache
def _naming_fields(kind: type[Command]) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind) if item.name in _NAMING)


def not_visible(incident: Row, actor_id: str) -> StorageError:
    """The refusal; says no more than the id that was asked for."""
    return StorageError(StorageCode.NOT_PERMITTED, actor=actor_id, permission="need to know", id=str(incident["id"]))


def _may_see(connection: Connection, incident: Row, viewer_id: str, role: Role | None) -> bool:
    if not incident["restricted"] or role in SEEING_ALL or incident["owner_id"] == viewer_id:
        return True
    if incident["owner_id"] is None and _handles(role):
        return True
    return _GRANT.row(connection, {"incident_id": incident["id"], "viewer_id": viewer_id}) is not None


def _handles(role: Role | None) -> bool:
    return role is not None and Permission.HANDLE_INCIDENT in PERMISSIONS[role]


def _role(connection: Connection, viewer_id: str) -> Role | None:
    row = row_by_id(schema.operators).row(connection, {"row_key": viewer_id})
    return Role(str(row["role"])) if row is not None and not row["retired"] else None
