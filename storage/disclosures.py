"""What is given to others: evidence packages, and authorities' requests from letter to receipt. Writer thread."""

from __future__ import annotations

from sqlalchemy import Table, bindparam, select

from storage import numbers, schema, schema_cases, values
from storage.approvals import approval_granted
from storage.errors import StorageCode, StorageError
from storage.incident_moves import check_version, illegal
from storage.ledger import Ledger
from storage.outcome import Done
from storage.people_records import ApprovalKind
from storage.records import Actor
from storage.release_commands import MoveDisclosure, OpenDisclosure, RecordPackage
from storage.release_records import Disclosure, DisclosureKind, DisclosureState, Package
from storage.rows import to_row
from storage.statements import Row, Statement

_disclosures, _packages = schema_cases.disclosures, schema_cases.packages
_MADE_WITH = Statement(select(_packages.c.id).where(_packages.c.approval_id == bindparam("approval_id")).limit(1))

TRANSITIONS: dict[DisclosureState, frozenset[DisclosureState]] = {
    DisclosureState.RECEIVED: frozenset({DisclosureState.APPROVED, DisclosureState.REFUSED}),
    DisclosureState.APPROVED: frozenset({DisclosureState.PACKED, DisclosureState.REFUSED}),
    DisclosureState.PACKED: frozenset({DisclosureState.GIVEN, DisclosureState.REFUSED}),
    DisclosureState.GIVEN: frozenset(),
    DisclosureState.REFUSED: frozenset(),
}


def require_approval(ledger: Ledger, approval_id: str | None, kind: ApprovalKind, subject_id: str) -> None:
    """Raise NOT_PERMITTED without one."""
    if not approval_granted(ledger, approval_id, kind, subject_id):
        raise StorageError(StorageCode.NOT_PERMITTED, permission=kind.value, reason="no approval", id=subject_id)


def _require_unused(ledger: Ledger, approval_id: str) -> None:
    """A second person's word about masters is for one package and its recipient. Raises NOT_PERMITTED."""
    if _MADE_WITH.row(ledger.connection, {"approval_id": approval_id}) is not None:
        kind = ApprovalKind.MASTER_EXPORT.value
        raise StorageError(StorageCode.NOT_PERMITTED, permission=kind, reason="used already", id=approval_id)


def record_package(ledger: Ledger, command: RecordPackage, actor: Actor) -> Done:
    """Note a package about an incident or a disclosure; masters only with an approval."""
    table = _subject_table(ledger, command.subject_id)
    if command.master:
        _refuse_to_person(ledger, table, command.subject_id)
        kind = ApprovalKind.DISCLOSURE if table is _disclosures else ApprovalKind.MASTER_EXPORT
        require_approval(ledger, command.approval_id, kind, command.subject_id)
        if kind is ApprovalKind.MASTER_EXPORT:
            _require_unused(ledger, str(command.approval_id))
    package = Package(
        id=values.new(ledger, _packages, command.new_package_id),
        subject_id=command.subject_id,
        path=values.text("path", command.path, needed=True),
        sha256=values.sha256("sha256", command.sha256),
        fingerprint=values.title("fingerprint", command.fingerprint),
        complete=bool(command.complete),
        master=bool(command.master),
        at_utc_s=float(ledger.clock()),
        actor_id=actor.id,
        approval_id=command.approval_id,
        recipient=values.title("recipient", command.recipient),
    )
    ledger.insert(_packages, to_row(package, _packages))
    incident_id = command.subject_id if table is schema.incidents else None
    return Done(str(table.name), command.subject_id, incident_id=incident_id)


def _kind(command: OpenDisclosure) -> DisclosureKind:
    if not isinstance(command.kind, DisclosureKind):
        raise values.bad("kind", "unknown")
    return command.kind


def _refuse_to_person(ledger: Ledger, table: Table, subject_id: str) -> None:
    """Who asks about themselves never gets untouched recordings: others are in them. Raises NOT_PERMITTED."""
    if table is _disclosures and ledger.get(table, subject_id)["kind"] == DisclosureKind.SUBJECT.value:
        raise StorageError(
            StorageCode.NOT_PERMITTED, permission=ApprovalKind.DISCLOSURE.value, reason="others in it", id=subject_id
        )


def open_disclosure(ledger: Ledger, command: OpenDisclosure, actor: Actor) -> Done:
    """Number an authority's request; from now on its footage is held (`footage_queries`)."""
    if not command.camera_ids:
        raise values.bad("camera_ids", "empty")
    for camera_id in command.camera_ids:
        ledger.get(schema.cameras, camera_id)
    from_utc_s, to_utc_s = values.utc_s("from_utc_s", command.from_utc_s), values.utc_s("to_utc_s", command.to_utc_s)
    if to_utc_s <= from_utc_s:
        raise values.bad("to_utc_s", "before the beginning")
    now_utc_s = float(ledger.clock())
    disclosure = Disclosure(
        id=values.new(ledger, _disclosures, command.new_disclosure_id),
        number=numbers.next_number(ledger, _disclosures, now_utc_s),
        authority=values.title("authority", command.authority, needed=True),
        legal_basis=values.title("legal_basis", command.legal_basis, needed=True),
        reference=values.title("reference", command.reference),
        asked=values.text("asked", command.asked, needed=True),
        camera_ids=tuple(dict.fromkeys(command.camera_ids)),
        from_utc_s=from_utc_s,
        to_utc_s=to_utc_s,
        due_utc_s=values.utc_s("due_utc_s", command.due_utc_s),
        recipient=values.title("recipient", command.recipient),
        state=DisclosureState.RECEIVED,
        actor_id=actor.id,
        at_utc_s=now_utc_s,
        version=1,
        kind=_kind(command),
    )
    ledger.insert(_disclosures, to_row(disclosure, _disclosures))
    return Done(_disclosures.name, disclosure.id)


def move_disclosure(ledger: Ledger, command: MoveDisclosure, _actor: Actor) -> Done:
    """The next step, with what it needs: an approval, a package, a receipt, or the reason of a refusal."""
    row = ledger.get(_disclosures, command.disclosure_id)
    check_version(_disclosures.name, row, command.version)
    if not isinstance(command.state, DisclosureState):
        raise values.bad("state", "unknown")
    if command.state not in TRANSITIONS[DisclosureState(str(row["state"]))]:
        raise illegal(_disclosures.name, row)
    changes = _step(ledger, command)
    if command.given:
        changes["given"] = values.text("given", command.given)
    ledger.update(_disclosures, row, {**changes, "state": command.state.value, "version": int(row["version"]) + 1})
    return Done(_disclosures.name, command.disclosure_id)


def _step(ledger: Ledger, command: MoveDisclosure) -> Row:
    if command.state is DisclosureState.APPROVED:
        require_approval(ledger, command.approval_id, ApprovalKind.DISCLOSURE, command.disclosure_id)
        return {"approval_id": command.approval_id}
    if command.state is DisclosureState.PACKED:
        package = ledger.get(_packages, command.package_id or "")
        if package["subject_id"] != command.disclosure_id:
            raise values.bad("package_id", "of another subject")
        return {"package_id": command.package_id}
    if command.state is DisclosureState.GIVEN:
        return {"receipt": values.text("receipt", command.receipt, needed=True)}
    return {"refused": values.text("refused", command.refused, needed=True)}


def _subject_table(ledger: Ledger, subject_id: str) -> Table:
    for table in (_disclosures, schema.incidents):
        if ledger.find(table, subject_id) is not None:
            return table
    raise StorageError(StorageCode.NOT_FOUND, table=schema.incidents.name, id=subject_id)
