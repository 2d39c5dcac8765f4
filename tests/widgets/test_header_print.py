"""A header that is printed over what it kept looks like one that is printed anew, whatever changed in between."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from app.feeds import TileState
from app.i18n import language, use_language
from widgets.chrome import Header, HeaderPrint, header_pixmap

LIVE = Header(7, "Market street", TileState.LIVE, "0.0 s", "12:00:00", alarmed=False, focused=False, quality="M 15")
CHANGES = (
    LIVE,
    LIVE._replace(age="0.1 s", clock="12:00:01"),
    LIVE._replace(age="132.5 s"),
    LIVE._replace(age="–", clock=""),
    LIVE._replace(alarmed=True),
    LIVE._replace(alarmed=True, quiet=True),
    LIVE._replace(focused=True, recording=True),
    LIVE._replace(state=TileState.STALE, age="3.0 s"),
    LIVE._replace(masks="MASKED", view="2.0×", lowered=True),
    LIVE._replace(name="Station square, north side, over the taxi rank", number=1204),
    LIVE._replace(past=True),
    LIVE,
)


@pytest.mark.parametrize("width_px", [90, 150, 230, 470])
def test_printed_again_is_like_printed_new(qapp: QApplication, width_px: int) -> None:
    kept = HeaderPrint()
    for header in CHANGES:
        for ratio in (1.0, 2.0):
            again, new = kept.pixmap(header, width_px, ratio), header_pixmap(header, width_px, ratio)
            assert again.toImage() == new.toImage()
            assert again.devicePixelRatio() == ratio


def test_what_was_printed_before_stays_as_it_is(qapp: QApplication) -> None:
    kept = HeaderPrint()
    first = kept.pixmap(LIVE, 470, 1.0)
    before = first.toImage().copy()
    second = kept.pixmap(LIVE._replace(age="9.9 s"), 470, 1.0)
    assert first.toImage() == before != second.toImage()


def test_another_language_prints_all_of_it_again(qapp: QApplication) -> None:
    kept, header, was = HeaderPrint(), LIVE._replace(alarmed=True), language()
    try:
        use_language("en")
        english = kept.pixmap(header, 470, 1.0).toImage()
        use_language("uk")
        assert kept.pixmap(header, 470, 1.0).toImage() != english
    finally:
        use_language(was)
