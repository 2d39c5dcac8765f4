"""Which right a refused step lacks, and who has it or gives it, in the words of operators. Pure, any thread.

The right's technical name is for the log (`app.texts`).
"""

from __future__ import annotations

from app.i18n import _, marked
from app.labels import label_of
from storage.access import PERMISSIONS, Permission
from storage.people_records import ApprovalKind
from storage.records import Role

_GIVERS = (Role.OPERATOR, Role.SUPERVISOR, Role.INVESTIGATOR, Role.PROTECTION_OFFICER, Role.ADMINISTRATOR)
"""Roles of people; the program itself is none."""

_RIGHTS: dict[str, str] = {
    Permission.RECORD: marked("to write events"),
    Permission.HANDLE_ALARM: marked("to handle alarms"),
    Permission.HANDLE_INCIDENT: marked("to handle incidents"),
    Permission.CLOSE_INCIDENT: marked("to close incidents"),
    Permission.READ_JOURNAL: marked("to read the journal"),
    Permission.EXPORT: marked("to export"),
    Permission.CONFIGURE: marked("to change cameras and rules"),
    Permission.ADMINISTER: marked("to administer"),
    Permission.SIGN: marked("to sign the journal"),
    Permission.ASSIGN: marked("to assign work to others"),
    Permission.RESTRICT: marked("to restrict incidents"),
    Permission.APPROVE: marked("to approve as the second person"),
    Permission.DISCLOSE: marked("to disclose to authorities and persons"),
    Permission.ERASE: marked("to erase"),
    Permission.ANSWER: marked("to answer alerts"),
    Permission.LIFT_MASK: marked("to lift privacy masks"),
    Permission.READ_BLACK_BOX: marked("to read what the walls showed"),
}
_OTHERS: dict[str, str] = {
    "author": marked("Only who wrote this may change it. Write an entry of your own."),
    "camera": marked("This camera is in none of your camera groups. An administrator can add it to one."),
    "need to know": marked(
        "This incident is restricted, and you are not among those named. Ask its owner or a supervisor to name you."
    ),
}


def lacking(permission: str, reason: str = "") -> str:
    """A sentence about a `Permission` or what else is asked for in its place; empty where there is none for it."""
    if reason == "others in it":
        return _("Who asks about themselves gets no untouched recordings: others are in them. Take the blurred ones.")
    if permission in _OTHERS:
        return _(_OTHERS[permission])
    if permission in [kind.value for kind in ApprovalKind]:
        what = label_of(ApprovalKind(permission))
        return _("This needs a second person's word first: {what}. Ask for it on the page “Approvals”.").format(
            what=what
        )
    if permission not in _RIGHTS:
        return ""
    roles = [label_of(role) for role in _GIVERS if Permission(permission) in PERMISSIONS[role]]
    if not roles:
        return _("This is for the program itself; nobody can be given the right {right}.").format(
            right=_(_RIGHTS[permission])
        )
    return _("You lack the right {right}. An administrator can give it; these roles have it: {roles}.").format(
        right=_(_RIGHTS[permission]), roles=", ".join(roles)
    )
