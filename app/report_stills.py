"""A still on the page: with boxes, the original beside it, and a caption that lets a reader check it.

The original goes in byte for byte: its SHA-256 can be recomputed from the PDF's image stream. Where the camera has
privacy masks both pictures have them, and the caption says so. What cannot be shown (a
picture that is missing, altered or damaged) is said in its place.
"""

from __future__ import annotations

import hashlib
import io
from datetime import tzinfo

from PIL import Image

from app.i18n import _
from app.labels import OBJECTS, object_name
from app.marked_still import marked_still
from app.masked_still import masked_still
from app.masks import Polygon
from app.report_facts import Names, utc_text
from app.report_page import WARNING, Page, fitting
from storage.records import Evidence

STILL_MM = 70.0
"""Height that a still of 16:9 takes."""
_MARKED_WIDTH_MM = 118.0
_MARKED_HEIGHT_MM = 92.0
_GAP_MM = 4.0
_CAPTION_MM = 38.0


def write_still(page: Page, item: Evidence, original: bytes | None, names: Names, zone: tzinfo) -> None:
    """Write one piece of evidence; `original` is its stored JPEG, None when the file is gone."""
    masked = bool(names.masks(item.camera_id))
    shown = _covered(original, names.masks(item.camera_id))
    marked = _marked(item, shown)
    trouble = _trouble(item, original, marked)
    if shown is None or marked is None:
        page.need(_CAPTION_MM)
        _write_caption(page, item, trouble, names, zone)
    else:
        indent, bottom = _write_pictures(page, shown, marked)
        with page.indented(indent):
            _write_caption(page, item, trouble, names, zone, masked=masked)
        page.set_y(max(page.y, bottom))
    page.ln(4)


def _write_pictures(page: Page, original: bytes, marked: bytes) -> tuple[float, float]:
    """Boxes at the left, the original at the right; returns the caption's indentation and the pictures' lower edge."""
    width, height = _fitted(marked, _MARKED_WIDTH_MM, _MARKED_HEIGHT_MM)
    indent = width + _GAP_MM
    small_width, small_height = _fitted(original, page.epw - indent, height * 0.6)
    page.need(max(height, small_height + _CAPTION_MM))
    left, top = page.l_margin, page.y
    page.image(io.BytesIO(marked), x=left, y=top, w=width, h=height, alt_text=_("Picture with boxes"))
    page.image(
        io.BytesIO(original), x=left + indent, y=top, w=small_width, h=small_height, alt_text=_("Original picture")
    )
    page.set_y(top + small_height + 1.5)
    return indent, top + height


def _write_caption(
    page: Page, item: Evidence, trouble: str, names: Names, zone: tzinfo, *, masked: bool = False
) -> None:
    page.write_line(fitting(names.camera(item.camera_id), 9), 8.5, bold=True)
    if trouble:
        page.write_line(trouble, 8.5, bold=True, colour=WARNING)
    elif masked:
        page.write_line(_("A privacy mask covers a part; the original is in the evidence store"), 7.5)
    else:
        page.write_line(_("Left with boxes, above as recorded"), 7.5)
    page.write_line(utc_text(item.from_utc_s, timespec="milliseconds"), 7.5)
    page.write_line(utc_text(item.from_utc_s, zone, timespec="milliseconds"), 7.5)
    seen = ", ".join(f"{object_name(m.label)} #{m.track_id} ({m.score:.0%})" for m in item.marks[:6])
    page.write_line(fitting(_("Boxes: {boxes}").format(boxes=seen or _("none")), 14), 7.5)
    page.write_line(_("SHA-256 of the original:"), 7.5)
    page.write_line(fitting(item.sha256, 9), 7.5)


def _trouble(item: Evidence, original: bytes | None, marked: bytes | None) -> str:
    if original is None:
        return _("The picture is missing from the evidence store.")
    if hashlib.sha256(original).hexdigest() != item.sha256:
        return _("The picture was ALTERED: it does not match the SHA-256 that was recorded.")
    return "" if marked else _("The stored picture is damaged and cannot be shown.")


def _covered(original: bytes | None, masks: tuple[Polygon, ...]) -> bytes | None:
    """What may be shown of it; None when there is none or Pillow cannot read it."""
    if original is None or not masks:
        return original
    try:
        return masked_still(original, masks)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _marked(item: Evidence, original: bytes | None) -> bytes | None:
    """The picture with boxes; None when there is none or Pillow cannot read it."""
    if original is None:
        return None
    try:
        return marked_still(original, item.marks, {label: _(name) for label, name in OBJECTS.items()})
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _fitted(picture: bytes, width_mm: float, height_mm: float) -> tuple[float, float]:
    """Width and height in mm of a picture that fits the given room."""
    with Image.open(io.BytesIO(picture)) as image:
        width_px, height_px = image.size
    scale = min(width_mm / width_px, height_mm / height_px)
    return width_px * scale, height_px * scale
