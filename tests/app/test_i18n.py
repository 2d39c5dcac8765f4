"""Translations: looked up at call time, per thread where asked, never a reason to fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from app import i18n
from app.i18n import _, ngettext, spoken, use_language

ROOT = Path(__file__).resolve().parents[2]
OTHERS = [code for code in i18n.LANGUAGES if code != i18n.SOURCE]


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    yield
    use_language("en")


@pytest.fixture
def klingon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue of our own in the place of Ukrainian."""
    path = tmp_path / "uk" / "LC_MESSAGES" / "watchfloor.po"
    path.parent.mkdir(parents=True)
    path.write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && '
        '(n%100<10 || n%100>=20) ? 1 : 2);\\n"\n\n'
        'msgid "No signal"\nmsgstr "Немає сигналу"\n\n'
        '#, fuzzy\nmsgid "Live"\nmsgstr "not sure"\n\n'
        'msgid "{count} camera"\nmsgid_plural "{count} cameras"\n'
        'msgstr[0] "{count} камера"\nmsgstr[1] "{count} камери"\nmsgstr[2] "{count} камер"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(i18n, "FOLDER", tmp_path)
    i18n._catalogue.cache_clear()
    monkeypatch.setattr(i18n, "_active", i18n._active)
    return path


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    yield
    i18n._catalogue.cache_clear()


@pytest.mark.usefixtures("klingon")
def test_texts_follow_the_language_at_call_time() -> None:
    assert _("No signal") == "No signal"
    assert use_language("uk_UA.UTF-8") == "uk" == i18n.language()
    assert _("No signal") == "Немає сигналу"
    assert _("Live") == "Live", "an unsure translation is not shown"
    assert _("never written") == "never written"
    assert _("") == "", "gettext would give the catalogue's header"
    assert [ngettext("{count} camera", "{count} cameras", n).format(count=n) for n in (1, 3, 11)] == [
        "1 камера",
        "3 камери",
        "11 камер",
    ]
    use_language("en")
    assert ngettext("{count} camera", "{count} cameras", 2).format(count=2) == "2 cameras"


@pytest.mark.usefixtures("klingon")
def test_a_report_may_speak_another_language_on_its_own_thread() -> None:
    seen: list[str] = []
    with spoken("uk"):
        thread = threading.Thread(target=lambda: seen.append(_("No signal")))
        thread.start()
        thread.join(5)
        seen.append(_("No signal"))
        with spoken("en"):
            seen.append(_("No signal"))
    seen.append(_("No signal"))
    assert seen == ["No signal", "Немає сигналу", "No signal", "No signal"]


@pytest.mark.parametrize("code", ["xx", "", "C", "C.UTF-8", "../../etc", "en_GB"])
def test_an_unknown_language_is_english(code: str) -> None:
    assert use_language(code) == "en"


def test_a_damaged_or_missing_catalogue_is_english(klingon: Path, caplog: pytest.LogCaptureFixture) -> None:
    klingon.write_bytes(b'msgid "a"\nmsgstr "\xff\xfe')
    use_language("uk")
    assert _("No signal") == "No signal"
    use_language("ru")
    assert _("No signal") == "No signal"
    assert caplog.text.count("English is used") == 2


@pytest.mark.parametrize("code", OTHERS)
def test_the_shipped_catalogues_can_be_read_and_keep_every_placeholder(code: str) -> None:
    catalogue = _read(code)
    assert i18n._compiled(i18n.catalogue_path(code), code) is not None
    for message in catalogue:
        if not message.id or not message.string:
            continue
        sources = message.id if isinstance(message.id, list | tuple) else (message.id,)
        targets = message.string if isinstance(message.string, list | tuple) else (message.string,)
        known = {name for text in sources for name in _placeholders(text)}
        for text in filter(None, targets):
            assert set(_placeholders(text)) <= known, text
            assert set(_placeholders(text)) == known or "count" in known, text


def test_a_language_that_is_declared_complete_has_every_text() -> None:
    assert set(i18n.COMPLETE) <= set(i18n.LANGUAGES)
    for code in set(i18n.COMPLETE) - {i18n.SOURCE}:
        assert _extracted() <= _translated(code), code


def test_texts_are_found_by_the_extraction() -> None:
    texts = _extracted()
    assert "No signal" in texts
    assert "Nothing answers at {url}. Check the address, the network and the camera's power." in texts


def _read(code: str) -> Catalog:
    with i18n.catalogue_path(code).open("rb") as file:
        return read_po(file, locale=code)


def _translated(code: str) -> set[str]:
    messages = [m for m in _read(code) if m.string and all(m.string) and not m.fuzzy]
    return {m.id if isinstance(m.id, str) else m.id[0] for m in messages}


def _placeholders(text: str) -> list[str]:
    return sorted(name for _text, name, _spec, _conversion in Formatter().parse(text) if name)


def _extracted() -> set[str]:
    found = set()
    for folder in ("app", "widgets"):
        for _name, _line, message, _comments, _context in extract_from_dir(
            ROOT / folder, method_map=[("**.py", "python")], keywords={"_": None, "marked": None, "ngettext": (1, 2)}
        ):
            found.add(message if isinstance(message, str) else str(message[0]))
    return found
