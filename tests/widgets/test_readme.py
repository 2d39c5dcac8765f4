from __future__ import annotations

from pathlib import Path

from widgets.keys import markdown

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_readme_lists_the_keys_as_they_are() -> None:
    text = README.read_text(encoding="utf-8")
    table = text.partition("<!-- keys -->")[2].partition("<!-- /keys -->")[0]
    assert table.strip() == markdown().strip()
