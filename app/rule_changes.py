"""Changes of rules, zones and scales on their way into the journal: saved, or a second person is asked.

The journal has the last word (`storage.tried_rules`); what it wants signed is asked for here. Blocking: for task
threads and the command line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.approval_facts import approvals_of
from app.archive import Archive
from app.i18n import _, ngettext
from app.record_forms import texts_of
from app.rule_trial import Tried
from storage.commands import RegistryRecord, RemoveRecord
from storage.errors import StorageCode, StorageError
from storage.people_commands import RequestApproval
from storage.people_records import ApprovalKind, ApprovalState
from storage.records import Actor
from storage.rows import REGISTRY
from storage.tried_rules import CHANGED_SINCE, PutTriedRecord, change_id, removal_id

_UNSIGNED = (StorageCode.NEEDS_TRIAL, StorageCode.NOT_PERMITTED)


@dataclass(frozen=True, slots=True)
class SaveAnswer:
    """Whether it was saved, and what to say about it."""

    saved: bool
    sentence: str


class RuleChanges:
    """Of one archive; `changed` wakes the change feed."""

    def __init__(self, archive: Archive, changed: Callable[[], None] = lambda: None) -> None:
        self._archive, self._changed = archive, changed

    def save(self, record: Tried, lost: int, figures: str, actor: Actor) -> SaveAnswer:
        """Save what was tried: `lost` confirmed alarms would not have come, `figures` say so. Raises StorageError."""
        subject_id = change_id(record)
        signed = self._signed(subject_id)
        if lost and signed is None:
            return self._asked(subject_id, f"{self._difference(record)}. {figures}", _losing(lost), actor)
        try:
            self._archive.journal.apply(PutTriedRecord(record, lost=lost, approval_id=signed), actor)
        except StorageError as error:
            if not _wants_signature(error, signed):
                raise
            return self._asked(subject_id, f"{self._difference(record)}. {figures}", _blinding(), actor)
        self._changed()
        return SaveAnswer(saved=True, sentence=_("Saved. {figures}").format(figures=figures))

    def remove(self, record: Tried, actor: Actor) -> SaveAnswer:
        """Take it out of use. Raises StorageError."""
        subject_id, table = removal_id(record.id), REGISTRY[type(record)]
        signed = self._signed(subject_id)
        name = str(getattr(record, "name", "") or record.id)
        try:
            self._archive.journal.apply(RemoveRecord(str(table.name), record.id, signed), actor)
        except StorageError as error:
            if not _wants_signature(error, signed):
                raise
            return self._asked(subject_id, _("Out of use: {name}").format(name=name), _blinding(), actor)
        self._changed()
        return SaveAnswer(saved=True, sentence=_("Out of use: {name}").format(name=name))

    def _signed(self, subject_id: str) -> str | None:
        approvals = approvals_of(self._archive.journal, ApprovalKind.RULE_CHANGE, subject_id)
        return max((one.id for one in approvals if one.state is ApprovalState.APPROVED), default=None)  # the newest

    def _asked(self, subject_id: str, reason: str, text: str, actor: Actor) -> SaveAnswer:
        approvals = approvals_of(self._archive.journal, ApprovalKind.RULE_CHANGE, subject_id)
        if any(one.state is ApprovalState.REQUESTED for one in approvals):
            return SaveAnswer(saved=False, sentence=_("Not saved: the second person has not signed yet (approvals)."))
        self._archive.journal.apply(RequestApproval(ApprovalKind.RULE_CHANGE, subject_id, reason), actor)
        self._changed()
        return SaveAnswer(saved=False, sentence=text)

    def _difference(self, record: Tried) -> str:
        """What the second person reads: what the record says other than until now."""
        registry = self._archive.registry
        known: tuple[RegistryRecord, ...] = (*registry.rules, *registry.zones, *registry.camera_scales)
        before = next((one for one in known if type(one) is type(record) and getattr(one, "id", "") == record.id), None)
        old = texts_of(before) if before is not None else {}
        return "; ".join(
            f"{name}: {old.get(name) or '-'} → {text or '-'}"
            for name, text in texts_of(record).items()
            if text != old.get(name)
        )


def _wants_signature(error: StorageError, signed: str | None) -> bool:
    """Whether it was refused only because nobody else has signed, or not for what stands there now."""
    reason = error.details.get("reason")
    if reason == CHANGED_SINCE:
        return True
    unsigned = error.code is StorageCode.NEEDS_TRIAL or reason == "no approval"
    return signed is None and error.code in _UNSIGNED and unsigned


def _losing(lost: int) -> str:
    text = ngettext(
        "Not saved: {lost} confirmed alarm would not have come. A second person was asked (approvals).",
        "Not saved: {lost} confirmed alarms would not have come. A second person was asked (approvals).",
        lost,
    )
    return text.format(lost=lost)


def _blinding() -> str:
    return _("Not changed: it found confirmed alarms in the last days. A second person was asked (approvals).")
