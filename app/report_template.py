"""The site's own look of printed reports: logo, lines above and below, address, which sections, who signs.

Read from `[reports]` of `settings.toml`. Pure but for reading the logo's file; any thread. A template that cannot be
used is one typed error that names the line of the settings; reports are written with the standard one then.
"""

from __future__ import annotations

import io
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

from app.errors import AppCode, AppError
from storage.settings import ReportSettings

log = logging.getLogger(__name__)

SECTIONS = ("pictures", "case", "alarms", "history", "figures", "list")
"""What may be left out. Title, facts and the proof against later changes always stand."""
MOST_LINES = {"header": 4, "footer": 3, "address": 5, "signatures": 8}
_LONGEST = 160
_MOST_BYTES = 4 << 20
_MOST_PX = 6000
_FORMATS = ("PNG", "JPEG")


@dataclass(frozen=True, slots=True)
class ReportTemplate:
    """What a report looks like. `sections` None: all of them; no `signatures`: the standard line."""

    logo: bytes | None = None
    header: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    address: tuple[str, ...] = ()
    sections: frozenset[str] | None = None
    signatures: tuple[str, ...] = ()

    def shows(self, section: str) -> bool:
        """Whether this section is written."""
        return self.sections is None or section in self.sections


STANDARD = ReportTemplate()


def template_of(settings: ReportSettings) -> ReportTemplate:
    """The site's template. Raises AppError(BAD_TEMPLATE) with the field and why."""
    for name, most in MOST_LINES.items():
        lines: tuple[str, ...] = getattr(settings, name)
        if len(lines) > most:
            raise _bad(name, f"{len(lines)} > {most}")
        if any(len(line) > _LONGEST for line in lines):
            raise _bad(name, f"> {_LONGEST}")
    unknown = [name for name in settings.sections if name not in SECTIONS]
    if unknown:
        raise _bad("sections", ", ".join(unknown))
    return ReportTemplate(
        logo=_logo(settings.logo),
        header=settings.header,
        footer=settings.footer,
        address=settings.address,
        sections=frozenset(settings.sections) or None,
        signatures=settings.signatures,
    )


def usable_template(settings: ReportSettings) -> ReportTemplate:
    """The site's template, or the standard one where that cannot be used; the log says so."""
    try:
        return template_of(settings)
    except AppError as error:
        log.warning("reports have the standard look: %s %s", error.details["field"], error.details["reason"])
        return STANDARD


def _logo(name: str) -> bytes | None:
    if not name:
        return None
    from PIL import Image  # not at start

    path = Path(name)
    try:
        path = path.expanduser()
        if not path.is_file():  # a pipe or a device never ends
            raise _bad("logo", str(path))
        if path.stat().st_size > _MOST_BYTES:
            raise _bad("logo", f"{path}: > {_MOST_BYTES >> 20} MB")
        data = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                if max(picture.size) > _MOST_PX:
                    raise _bad("logo", f"{path}: {picture.width} × {picture.height} px")
                picture.load()
    except (
        OSError,
        ValueError,
        RuntimeError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise _bad("logo", str(path)) from error
    return data


def _bad(field: str, reason: str) -> AppError:
    return AppError(AppCode.BAD_TEMPLATE, field=f"reports.{field}", reason=reason)
