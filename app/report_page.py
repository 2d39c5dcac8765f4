"""The page of a printed report: A4, Noto Sans, letterhead, running head, footer, and the few forms a report is made of.

Knows nothing of incidents. A thin layer over fpdf2: text is made printable first (a character that no bundled font has
becomes U+FFFD, controls and invisible format characters go), cells are cut before one row could outgrow a page, and
nothing depends on the clock, so that the same input gives the same bytes.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import TableCellFillMode
from fpdf.fonts import FontFace, TTFFont
from PIL import Image

FONT_FOLDER = Path(__file__).resolve().parent.parent / "resources" / "fonts"
_FONTS = (("noto", "", "NotoSans-Regular.ttf"), ("noto", "B", "NotoSans-Bold.ttf"))
_SYMBOLS = "NotoSansMath-Symbols.ttf"
_MISSING = "\ufffd"
_PAGES = "\ue000" * 3
"""Where the number of pages will stand: `printable` lets no text have it."""

Colour = tuple[int, int, int]
INK: Colour = (28, 34, 42)
ACCENT: Colour = (22, 54, 92)
FAINT: Colour = (104, 114, 126)
LINE: Colour = (205, 211, 218)
BAND: Colour = (236, 240, 245)
WARNING: Colour = (176, 22, 30)

MARGIN_MM = 18.0
_FOOTER_MM = 20.0
_FOOTER_LINE_MM = 3.4
_LOGO_MM = (52.0, 18.0)
_NAME_MM = 14.0
"""As `fitting` takes it: a name or line is cut after some 200 characters."""
_CELL_LINES = 45
_CHARACTER_MM = 3.1


class Page(FPDF):
    """One document being written, top to bottom."""

    def __init__(self, title: str, author: str, language: str, made_utc_s: float) -> None:
        super().__init__(format="A4", unit="mm")
        self.running_head = ""
        self.footer_text = ""
        self.page_words = "{page} / {pages}"
        self.warning_line = ""
        self.footer_lines: tuple[str, ...] = ()
        for family, style, file in _FONTS:
            self.add_font(family, style, FONT_FOLDER / file)
        self.add_font("symbols", "", FONT_FOLDER / _SYMBOLS)
        self.set_fallback_fonts(["symbols"], exact_match=False)
        self.set_title(title)
        self.set_author(author)
        self.set_creator("Watchfloor")
        self.set_producer("Watchfloor (fpdf2)")
        self.set_lang(language)
        self.set_creation_date(datetime.fromtimestamp(int(made_utc_s), UTC))
        self.alias_nb_pages(_PAGES)
        self.c_margin = 0.0
        self.set_margins(MARGIN_MM, MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=_FOOTER_MM)

    def close(self) -> None:
        """Close the font files, which fpdf2 leaves open."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    @property
    def room_mm(self) -> float:
        """Height that is left on this page."""
        return float(self.page_break_trigger - self.y)

    def header(self) -> None:
        """The running head, from the second page on; the warning line on every page."""
        if self.warning_line:
            self.set_y(6)
            self.ink(8, bold=True, colour=WARNING)
            self.cell(0, 4, self.one_line(self.warning_line, self.epw), align="C")
        if self.page_no() > 1:
            self.set_y(11)
            self.ink(8, colour=FAINT)
            self.cell(0, 4, self.one_line(self.running_head, self.epw), new_x="LMARGIN", new_y="NEXT")
            self.rule()
        self.set_y(MARGIN_MM + 2)

    def use_footer(self, lines: Sequence[str]) -> None:
        """Lines of the site's own under every page; to be said before the first one."""
        self.footer_lines = tuple(lines)
        self.set_auto_page_break(auto=True, margin=_FOOTER_MM + len(self.footer_lines) * _FOOTER_LINE_MM)

    def letterhead(self, name: str, address: Sequence[str], header: Sequence[str], logo: bytes | None) -> None:
        """Logo at the right; the name, the address beneath it, and lines over the whole width."""
        top, below = self.y, self.y
        if logo is not None:
            info = self.image(io.BytesIO(logo), *self._logo_place(logo))
            below = top + float(info.rendered_height) + 1
        width = self.epw - (_LOGO_MM[0] + 4 if logo is not None else 0)
        self.ink(10, bold=True, colour=ACCENT)
        self.multi_cell(width, 5, fitting(name, _NAME_MM), align="L", new_x="LMARGIN", new_y="NEXT")
        self.ink(8, colour=FAINT)
        for line in address:
            self.cell(width, 3.8, self.one_line(line, width), new_x="LMARGIN", new_y="NEXT")
        self.set_y(max(self.y, below))
        for line in header:
            self.write_line(fitting(line, _NAME_MM), 8.5)
        self.set_x(self.l_margin)

    def _logo_place(self, logo: bytes) -> tuple[float, float, float, float]:
        """Left, top, width, height (mm) of the logo, fitted into its room at the right."""
        with Image.open(io.BytesIO(logo)) as picture:
            share = picture.width / picture.height
        width = min(_LOGO_MM[0], _LOGO_MM[1] * share)
        return self.l_margin + self.epw - width, self.y, width, width / share

    def signatures(self, labels: Sequence[str]) -> None:
        """A line to sign on for each, all on one page."""
        self.need(min(13.5 * len(labels) + 4.5, 150))
        for label in labels:
            self.need(18)
            self.ln(9)
            self.write_line(f"{fitting(label, _NAME_MM)}  " + "_" * 46, 9, colour=FAINT)

    def footer(self) -> None:
        """What this is, when it was made, page x of y; the site's own lines beneath."""
        self.set_y(-14 - len(self.footer_lines) * _FOOTER_LINE_MM)
        self.rule()
        self.ink(7.5, colour=FAINT)
        words = printable(self.page_words).format(page=self.page_no(), pages=_PAGES)
        self.cell(self.epw * 0.8, 4, self.one_line(self.footer_text, self.epw * 0.8))
        self.cell(0, 4, words, align="R", new_x="LMARGIN", new_y="NEXT")
        for line in self.footer_lines:
            self.cell(self.epw, _FOOTER_LINE_MM, self.one_line(line, self.epw), new_x="LMARGIN", new_y="NEXT")

    def ink(self, size_pt: float, *, bold: bool = False, colour: Colour = INK) -> None:
        """Choose size, weight and colour of what follows."""
        self.set_font("noto", "B" if bold else "", size_pt)
        self.set_text_color(*colour)

    def one_line(self, text: str, width_mm: float) -> str:
        """Text cut to one line of that width in the present font."""
        flat = " ".join(printable(text).split())
        if self.get_string_width(flat) <= width_mm:
            return flat
        while flat and self.get_string_width(flat + "…") > width_mm:
            flat = flat[: min(len(flat) - 1, 200)]
        return flat + "…"

    def rule(self, colour: Colour = LINE) -> None:
        """A line over the whole width, here."""
        self.set_draw_color(*colour)
        self.set_line_width(0.2)
        self.line(self.l_margin, self.y, self.l_margin + self.epw, self.y)
        self.ln(1.2)

    def write_line(
        self, text: str, size_pt: float = 9, *, bold: bool = False, colour: Colour = INK, align: str = "L"
    ) -> None:
        """A paragraph over the whole width, wrapped."""
        self.ink(size_pt, bold=bold, colour=colour)
        self.multi_cell(0, size_pt * 0.5, printable(text), align=align, new_x="LMARGIN", new_y="NEXT")

    def need(self, height_mm: float) -> None:
        """Go to the next page when less than that is left on this one."""
        if self.room_mm < height_mm:
            self.add_page()

    @contextmanager
    def indented(self, indent_mm: float) -> Iterator[None]:
        """Within the block, lines begin further right."""
        before = self.l_margin
        self.set_left_margin(before + indent_mm)
        try:
            yield
        finally:
            self.set_left_margin(before)

    def heading(self, text: str, needed_mm: float = 30) -> None:
        """A section's title; goes to the next page when less than `needed_mm` would follow it."""
        self.need(needed_mm)
        self.ln(4)
        self.write_line(text, 11.5, bold=True, colour=ACCENT)
        self.ln(0.6)
        self.rule(ACCENT)
        self.ln(0.8)

    def chips(self, chips: Iterable[tuple[str, Colour]]) -> None:
        """Short words on coloured ground, in one row."""
        for text, colour in chips:
            self.ink(9, bold=True, colour=(255, 255, 255))
            self.set_fill_color(*colour)
            shown = self.one_line(text, self.epw / 2)
            width = self.get_string_width(shown) + 6
            if self.x + width > self.l_margin + self.epw:
                self.ln(8)
            x, y = self.x, self.y
            self.rect(x, y, width, 6.4, style="F", round_corners=True, corner_radius=1.4)
            self.set_xy(x, y)
            self.cell(width, 6.4, shown, align="C")
            self.set_x(x + width + 2.5)
        self.ln(9)

    def pairs(self, rows: Iterable[tuple[str, str]], label_mm: float = 44) -> None:
        """Label and value, one pair a row."""
        body = [(label, value) for label, value in rows]
        self._rows(body, (label_mm, self.epw - label_mm), FontFace(emphasis="BOLD", color=FAINT), lines=True)

    def table(  # type: ignore[override]  # a report has one kind of table
        self, headings: Sequence[str], rows: Iterable[Sequence[str]], widths_mm: Sequence[float]
    ) -> None:
        """A table whose headings are repeated on each page."""
        scale = self.epw / sum(widths_mm)
        widths = [width * scale for width in widths_mm]
        self._rows([headings, *rows], widths, None, lines=False)

    def _rows(
        self, rows: Sequence[Sequence[str]], widths_mm: Sequence[float], first: FontFace | None, *, lines: bool
    ) -> None:
        self.ink(9 if lines else 7.8)
        self.set_draw_color(*LINE)
        self.set_fill_color(255, 255, 255)  # fpdf2 fills cells without a colour of their own with the last one
        self.set_line_width(0.15)
        with super().table(
            col_widths=tuple(widths_mm),
            width=min(sum(widths_mm), self.epw),  # the sum may be a rounding too wide
            align="LEFT",
            text_align="LEFT",
            v_align="TOP",
            borders_layout="HORIZONTAL_LINES",
            first_row_as_headings=not lines,
            headings_style=FontFace(emphasis="BOLD", color=ACCENT, fill_color=BAND),
            cell_fill_mode=TableCellFillMode.NONE,
            line_height=4.6 if lines else 3.9,
            padding=(0.7, 1.2, 0.7, 1.2),
        ) as table:
            for values in rows:
                row = table.row()
                for index, value in enumerate(values):
                    row.cell(fitting(value, widths_mm[index]), style=first if index == 0 else None)


@lru_cache(maxsize=1)
def _drawable() -> frozenset[int]:
    """Code points of the bundled fonts."""
    with closing(Page("", "", "en", 0.0)) as page:
        regular, symbols = page.fonts["noto"], page.fonts["symbols"]
        loaded = [font for font in (regular, symbols) if isinstance(font, TTFFont)]
        return frozenset(point for font in loaded for point in font.cmap)


def printable(text: str) -> str:
    """Text that the bundled fonts can draw. What they cannot is U+FFFD; controls, joiners and direction marks go."""
    known = _drawable()
    out = []
    for character in unicodedata.normalize("NFC", text).replace("\t", "    ").replace("\r\n", "\n"):
        kind = unicodedata.category(character)
        if character == "\n":
            out.append(character)
        elif kind in ("Cc", "Cf") or (kind == "Mn" and ord(character) not in known):
            continue
        else:
            out.append(character if ord(character) in known else _MISSING)
    return "".join(out)


def fitting(text: str, width_mm: float) -> str:
    """Text for a cell of that width, cut with an ellipsis so that its row fits on a page."""
    flat = " ".join(printable(text).split())
    longest = max(int(width_mm / _CHARACTER_MM), 1) * _CELL_LINES
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"
