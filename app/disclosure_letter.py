"""What goes along with what is given to an authority: the reply letter and the label of the medium, as PDF.

Both say nothing but the disclosure's own facts: what was asked, on which basis, what is given or refused, and by which
hash and fingerprint the receiver can check it. Pure; any thread. Texts are in the language in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.i18n import _
from app.report_facts import NONE, utc_text
from app.report_page import ACCENT, FAINT, INK, LINE, Colour, Page
from storage.records import Camera
from storage.release_records import Disclosure, DisclosureState, Package

_LABEL_MM = (120.0, 74.0)
_SIGN_MM = 60.0


@dataclass(frozen=True, slots=True)
class LetterContext:
    """Who writes, when, in which zone and language; `cameras` are the registry's."""

    site_name: str
    zone: ZoneInfo
    language: str
    actor: str
    written_utc_s: float
    cameras: Sequence[Camera]


def reply_letter(disclosure: Disclosure, package: Package | None, context: LetterContext) -> bytes:
    """The answer to the authority: given, partly given or refused, with a receipt to sign when something is given."""
    title = _("Reply to your request {reference}").format(reference=disclosure.reference or NONE)
    with closing(Page(title, context.site_name, context.language, context.written_utc_s)) as page:
        page.running_head = f"{context.site_name}   ·   {disclosure.number}"
        page.footer_text = f"{disclosure.number}   ·   {utc_text(context.written_utc_s)}"
        page.page_words = _("Page {page} of {pages}")
        page.add_page()
        _write_head(page, title, disclosure, context)
        _write_request(page, disclosure, context)
        _write_answer(page, disclosure, package)
        if disclosure.state is not DisclosureState.REFUSED and package is not None:
            _write_receipt(page, disclosure)
        return bytes(page.output())


def medium_label(disclosure: Disclosure, package: Package, context: LetterContext) -> bytes:
    """The label of the medium that the package goes on, to be cut out."""
    with closing(Page(disclosure.number, context.site_name, context.language, context.written_utc_s)) as page:
        page.footer_text = disclosure.number
        page.page_words = _("Page {page} of {pages}")
        page.add_page()
        left, top = page.l_margin, page.y
        page.set_draw_color(*INK)
        page.set_line_width(0.4)
        page.rect(left, top, *_LABEL_MM, style="D", round_corners=True, corner_radius=2.5)
        page.set_right_margin(page.w - left - _LABEL_MM[0] + 4)
        page.set_y(top + 3)
        with page.indented(4):
            _one_line(page, context.site_name, 9, colour=FAINT)
            page.write_line(disclosure.number, 20, bold=True, colour=ACCENT)
            _one_line(page, disclosure.authority, 11, bold=True)
            for text in _label_lines(disclosure, package, context):
                _one_line(page, text, 8)
            page.ln(1)
            page.write_line(_("SHA-256 of the package"), 7, colour=FAINT)
            _one_line(page, package.sha256, 6.6)
            _one_line(page, _("Signed by {fingerprint}").format(fingerprint=package.fingerprint), 6.6)
        return bytes(page.output())


def _label_lines(disclosure: Disclosure, package: Package, context: LetterContext) -> list[str]:
    span = f"{utc_text(disclosure.from_utc_s)} – {utc_text(disclosure.to_utc_s)}"
    whole = _("Complete") if package.complete else _("With gaps: see the manifest")
    kind = _("With untouched originals") if package.master else _("View copies")
    return [
        _("Reference: {reference}").format(reference=disclosure.reference or NONE),
        _("For: {name}").format(name=disclosure.recipient or NONE),
        ", ".join(_cameras(disclosure, context)),
        span,
        f"{whole}   ·   {kind}",
        _("Made {time}").format(time=utc_text(package.at_utc_s)),
    ]


def _write_head(page: Page, title: str, disclosure: Disclosure, context: LetterContext) -> None:
    _one_line(page, context.site_name, 11, bold=True, colour=ACCENT)
    page.rule(ACCENT)
    page.ln(6)
    page.write_line(disclosure.authority, 11)
    if disclosure.recipient:
        page.write_line(disclosure.recipient, 10)
    page.ln(6)
    written = utc_text(context.written_utc_s, context.zone)
    page.write_line(f"{disclosure.number}   ·   {written}", 9, colour=FAINT)
    page.ln(3)
    page.write_line(title, 15, bold=True, colour=ACCENT)


def _write_request(page: Page, disclosure: Disclosure, context: LetterContext) -> None:
    page.heading(_("What was asked for"))
    page.pairs(
        [
            (_("Received"), utc_text(disclosure.at_utc_s, context.zone)),
            (_("Your reference"), disclosure.reference or NONE),
            (_("Legal basis"), disclosure.legal_basis),
            (_("Request"), disclosure.asked),
            (_("Cameras"), ", ".join(_cameras(disclosure, context))),
            (_("From"), f"{utc_text(disclosure.from_utc_s, context.zone)}  ({utc_text(disclosure.from_utc_s)})"),
            (_("Until"), f"{utc_text(disclosure.to_utc_s, context.zone)}  ({utc_text(disclosure.to_utc_s)})"),
        ]
    )


def _write_answer(page: Page, disclosure: Disclosure, package: Package | None) -> None:
    page.heading(_("Answer"))
    if disclosure.state is DisclosureState.REFUSED:
        page.write_line(_("Your request cannot be met:"), 10)
        page.write_line(disclosure.refused, 10, bold=True)
        return
    if package is None:
        page.write_line(_("Your request was received. The footage is held from now on until it is decided."), 10)
        return
    page.pairs(
        [
            (_("Given"), disclosure.given or _("All that was asked for")),
            (_("Complete"), _("Yes") if package.complete else _("No: the manifest names what is missing and why")),
            (_("Originals"), _("Included") if package.master else _("Not included; view copies only")),
            (_("SHA-256"), package.sha256),
            (_("Signed by"), package.fingerprint),
        ]
    )
    page.ln(2)
    words = _(
        "The package holds its own verifier (verify.py): it needs nothing but Python and names every file that was"
        " altered. Compare the fingerprint that it prints with the one above."
    )
    page.write_line(words, 9)


def _write_receipt(page: Page, disclosure: Disclosure) -> None:
    page.heading(_("Receipt"), 46)
    words = _("I have received the package {number} and will use it for the stated purpose only.")
    page.write_line(words.format(number=disclosure.number), 10)
    if disclosure.receipt:
        page.write_line(disclosure.receipt, 10, bold=True)
        return
    page.ln(16)
    page.set_draw_color(*LINE)
    for number, label in enumerate((_("Place, date"), _("Name, office, signature"))):
        x = page.l_margin + number * (_SIGN_MM + 20)
        page.line(x, page.y, x + _SIGN_MM, page.y)
        page.ink(8, colour=FAINT)
        page.text(x, page.y + 4, label)
    page.ln(8)


def _one_line(page: Page, text: str, size_pt: float, *, bold: bool = False, colour: Colour = INK) -> None:
    page.ink(size_pt, bold=bold)
    page.write_line(page.one_line(text, page.epw), size_pt, bold=bold, colour=colour)


def _cameras(disclosure: Disclosure, context: LetterContext) -> list[str]:
    known = {camera.id: f"{camera.number} {camera.name}" for camera in context.cameras}
    return [known.get(camera_id, camera_id) for camera_id in disclosure.camera_ids]
