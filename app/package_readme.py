"""`README.txt` of an evidence package: what lies where, and how to check it, in the site's language. Pure."""

from __future__ import annotations

from app.i18n import _, marked, spoken
from app.labels import label_of
from app.package_content import PackageContent
from app.report_facts import utc_text
from storage.footage_records import GapReason
from storage.package_manifest import GapFacts
from storage.package_seal import SCHEME
from video.copied_fragments import SourceFlaw

_FLAWS = {
    SourceFlaw.ALTERED.value: marked("The recording was altered"),
    SourceFlaw.MISSING.value: marked("The recording is missing"),
    SourceFlaw.UNREADABLE.value: marked("The recording cannot be read"),
}


def readme(content: PackageContent, gaps: tuple[GapFacts, ...], fingerprint: str, verifier_sha256: str) -> bytes:
    """The text, UTF-8 with Windows line ends: it is opened by double click on whatever machine."""
    with spoken(content.context.language):
        lines = [*_head(content), *_contents(content), *_holes(content, gaps), *_check(fingerprint, verifier_sha256)]
    return "\r\n".join([*lines, ""]).encode("utf-8", "backslashreplace")


def _head(content: PackageContent) -> list[str]:
    context = content.context
    made = f"{utc_text(context.generated_utc_s)}, {utc_text(context.generated_utc_s, context.zone)}"
    lines = [
        _("Evidence package {number}").format(number=content.number),
        *([context.site_name] if context.site_name else []),
        _("Made {time} by {actor}").format(time=made, actor=content.operator),
        _("Reason: {reason}").format(reason=content.reason or "-"),
    ]
    if content.recipient_name:
        lines.append(_("For: {recipient}").format(recipient=content.recipient_name))
    if content.retention:
        lines.append(_("To be kept: {retention}").format(retention=content.retention))
    return [*lines, ""]


def _contents(content: PackageContent) -> list[str]:
    lines = [
        _("view/ holds copies to look at: camera and time burned in, covered areas black. They prove nothing."),
        _("stills/ holds pictures as they were stored; privacy masks cover parts of them.")
        if content.registry.privacy_masks
        else _("stills/ holds pictures exactly as they were stored."),
        *(
            [_("Everything but the person who asked is made unrecognisable in view/.")]
            if any(scope.hide_rest for scope in content.scopes)
            else []
        ),
        _("report.pdf tells the case; manifest.json lists every file with its SHA-256, every camera and every time."),
    ]
    if content.master:
        lines.append(_("master/ holds the recordings untouched: the packets are those that the camera sent."))
    if content.master and content.recipient is not None:
        lines.append(
            _("They are encrypted ({scheme}). The owner of the key opens them with: {command}").format(
                scheme=SCHEME, command="age --decrypt -i KEY -o FILE.mp4 FILE.mp4.age"
            )
        )
    return [*lines, ""]


def _holes(content: PackageContent, gaps: tuple[GapFacts, ...]) -> list[str]:
    if not gaps:
        return [_("Nothing of the time that was asked for is missing."), ""]
    names = {camera.id: f"{camera.number} {camera.name}" for camera in content.registry.cameras}
    lines = [_("PARTIAL: this is missing:")]
    for gap in gaps:
        name = names.get(gap.source_id, gap.source_id)
        span = f"{utc_text(gap.from_utc_s)} - {utc_text(gap.to_utc_s)}"
        lines.append(f"  {name}: {span} ({gap.to_utc_s - gap.from_utc_s:.1f} s, {reason_words(gap.reason)})")
    return [*lines, ""]


def reason_words(reason: str) -> str:
    """Why something is missing, in words; a reason that has none stands as it is."""
    if reason in [member.value for member in GapReason]:
        return label_of(GapReason(reason))
    return _(_FLAWS[reason]) if reason in _FLAWS else reason


def _check(fingerprint: str, verifier_sha256: str) -> list[str]:
    return [
        _("To check that nothing was altered, on any computer with Python 3.8 or newer:"),
        "  python3 verify.py PACKAGE.zip --fingerprint FINGERPRINT",
        _("The package was signed with the key of this fingerprint. Compare it with the one that the site gives you"),
        _("by another way; a fingerprint that only this package names proves nothing."),
        f"  {fingerprint}",
        _("Take verify.py from somebody whom you trust. Its SHA-256 is:"),
        f"  {verifier_sha256}",
    ]
