"""Translated texts of all layers: gettext over the catalogues in `resources/i18n/<language>/LC_MESSAGES/watchfloor.po`.

English is the source. The .po files are the only form that is kept: they are compiled in memory when a language is
first used. `_` looks up at call time, so the language may change while the program runs; it may be called on any
thread. A report in another language than the screen's is made inside `with spoken(code)`, which holds for the calling
thread (and context) only. Qt's own dialogs have Qt's catalogues: not here.

Extraction, run in the repository's root (the reviewers run it before a release):

    pybabel extract -F babel.cfg -k marked --sort-output --add-location file -o resources/i18n/watchfloor.pot .
    pybabel update -D watchfloor -i resources/i18n/watchfloor.pot -d resources/i18n --no-fuzzy-matching
"""

from __future__ import annotations

import gettext
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

log = logging.getLogger(__name__)

SOURCE = "en"
LANGUAGES = {"en": "English", "uk": "Українська", "ru": "Русский", "kk": "Қазақша"}
COMPLETE = ("en",)
"""Languages whose catalogue must have no untranslated or fuzzy text; a test holds them to it."""
FOLDER = Path(__file__).resolve().parent.parent / "resources" / "i18n"

_active: gettext.NullTranslations = gettext.NullTranslations()
_active_code = SOURCE
_spoken: ContextVar[gettext.NullTranslations | None] = ContextVar("spoken", default=None)


def _(text: str) -> str:
    """`text` in the language in use, or as it is when it has no translation."""
    return _translations().gettext(text) if text else ""


def ngettext(one: str, many: str, count: int) -> str:
    """The plural form that belongs to `count`; fill it with `.format(count=...)`."""
    return _translations().ngettext(one, many, count)


def marked(text: str) -> str:
    """Mark a text of a table for extraction; it is translated later, by `_`."""
    return text


def use_language(code: str) -> str:
    """Make `code` ("uk", also "uk_UA.UTF-8") the program's language; returns the one in effect (English if unknown)."""
    global _active, _active_code
    known = known_language(code)
    _active, _active_code = _catalogue(known), known
    return known


def language() -> str:
    """The program's language."""
    return _active_code


@contextmanager
def spoken(code: str) -> Iterator[str]:
    """Within the block, on this thread, texts are in `code`: for a report in another language than the screen's."""
    known = known_language(code)
    token = _spoken.set(_catalogue(known))
    try:
        yield known
    finally:
        _spoken.reset(token)


def known_language(code: str) -> str:
    """The language of a locale name when there is a catalogue for it, else English."""
    short = code.replace("-", "_").partition("_")[0].partition(".")[0].lower()
    return short if short in LANGUAGES else SOURCE


def catalogue_path(code: str) -> Path:
    """Where the texts of `code` are kept."""
    return FOLDER / code / "LC_MESSAGES" / "watchfloor.po"


def _translations() -> gettext.NullTranslations:
    return _spoken.get() or _active


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(code: str) -> gettext.NullTranslations:
    if code == SOURCE:
        return gettext.NullTranslations()
    try:
        return _compiled(catalogue_path(code), code)
    except (OSError, ValueError, SyntaxError) as error:
        log.warning("no texts in %s, English is used: %s", code, error)
        return gettext.NullTranslations()


def _compiled(path: Path, code: str) -> gettext.GNUTranslations:
    """Compile a .po in memory; fuzzy entries stay English."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        catalogue = read_po(file, locale=code)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
