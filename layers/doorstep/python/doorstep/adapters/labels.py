"""Shipping labels as PDF, 4 by 6 inches, for carriers that leave the printing to us.

Names and addresses are printed as they are written: Latin, Greek and Cyrillic in fonts that come
along, Chinese, Japanese and Korean in those that PDF readers have. A character that none of them
knows becomes a question mark. The same parcel makes the same bytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from io import BytesIO
from itertools import groupby
from typing import Any, NamedTuple

from reportlab.graphics.barcode.code128 import Code128
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from doorstep.domain.address import Address
from doorstep.ports import Consignment

WIDTH, HEIGHT = 288, 432
"""In points."""

_MARGIN = 14
_INNER = WIDTH - 2 * _MARGIN
_LINE_HEIGHT = 1.25

_PLAIN = "Helvetica"
"""Every PDF reader has it; it knows the characters of Windows-1252."""
_WIDE = "NotoSans"
_JAPANESE, _KOREAN, _CHINESE = "HeiseiKakuGo-W5", "HYGothic-Medium", "STSong-Light"
_HAN = {"JP": _JAPANESE, "KR": _KOREAN}
"""How Han characters are drawn where; as in China elsewhere."""


class Glyph(NamedTuple):
    """A character, the font that draws it, and how wide it is at a size of one point."""

    char: str
    font: str
    width: float


Text = Sequence[Glyph]


def render(carrier: str, tracking_number: str, consignment: Consignment, notice: str) -> bytes:
    """The label of one parcel; `notice` is its small print."""
    output = BytesIO()
    page = Canvas(output, pagesize=(WIDTH, HEIGHT), invariant=1)
    page.setTitle(f"{carrier} {tracking_number}")
    _header(page, consignment.service.replace("_", " ").upper(), carrier)
    _address(page, "FROM", consignment.sender, top=376, bottom=310, sizes=(9, 8, 7, 6))
    page.line(_MARGIN, 304, WIDTH - _MARGIN, 304)
    _address(page, "TO", consignment.recipient, top=294, bottom=172, sizes=(15, 13, 11, 9, 7, 6))
    page.line(_MARGIN, 166, WIDTH - _MARGIN, 166)
    weight = f"{consignment.weight_grams / 1000:.3f} kg" if consignment.weight_grams else ""
    _fitted(page, _text(weight), _MARGIN, 148, width=80, size=12)
    _fitted(page, _text(f"Ref {consignment.reference}"), _MARGIN + 84, 148, width=176, size=12)
    _barcode(page, tracking_number)
    _fitted(page, _text(notice), _MARGIN, 14, width=_INNER, size=7)
    page.showPage()
    page.save()
    return output.getvalue()


def _header(page: Any, service: str, carrier: str) -> None:
    page.rect(0, HEIGHT - 44, WIDTH, 44, stroke=0, fill=1)
    page.setFillGray(1)
    _fitted(page, _text(service), _MARGIN, HEIGHT - 30, width=_INNER * 0.6, size=20)
    name = _text(carrier)
    _fitted(page, name, WIDTH - _MARGIN - _width(name) * 9, HEIGHT - 27, width=_INNER, size=9)
    page.setFillGray(0)


def _address(
    page: Any, title: str, address: Address, *, top: float, bottom: float, sizes: Sequence[float]
) -> None:
    """An address in the largest size in which it fits; in the smallest one, as much as fits."""
    _draw(page, _text(title), _MARGIN, top - 7, 7)
    lines = [_text(line, address.country) for line in address.printed()]
    room = top - 10 - bottom
    for size in sizes:
        wrapped = [part for line in lines for part in _wrapped(line, _INNER / size)]
        fitting = int(room / (size * _LINE_HEIGHT))
        if len(wrapped) <= fitting or size == sizes[-1]:
            break
    for number, line in enumerate(wrapped[:fitting], start=1):
        _draw(page, line, _MARGIN, top - 10 - number * size * _LINE_HEIGHT, size)


def _barcode(page: Any, tracking_number: str) -> None:
    plain = Code128(tracking_number, barWidth=1, quiet=False)
    bars = Code128(tracking_number, barWidth=_INNER / plain.width, barHeight=86, quiet=False)
    bars.drawOn(page, _MARGIN, 50)
    number = _text(tracking_number)
    _draw(page, number, (WIDTH - _width(number) * 12) / 2, 34, 12)


# --- text ---------------------------------------------------------------------------------------


def _text(text: str, country: str | None = None) -> Text:
    """A line in glyphs: all of it in Helvetica where that will do."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(char if char.isprintable() else " " for char in text).strip()
    plain = text.isascii() or text.encode("cp1252", "ignore").decode("cp1252") == text
    return [_glyph(char, _PLAIN if plain else _font(char, country)) for char in text]


def _glyph(char: str, font: str) -> Glyph:
    if not font:
        char, font = "?", _PLAIN
    return Glyph(char, font, pdfmetrics.stringWidth(char, font, 1))


def _font(char: str, country: str | None) -> str:
    """The font that knows a character; empty where none does."""
    if ord(char) in _noto_sans():
        return _WIDE
    match unicodedata.name(char, "").split("-")[0].split()[:1]:
        case ["CJK"]:
            return _east_asian(_HAN.get(country or "", _CHINESE)) if ord(char) < 0x10000 else ""
        case ["HIRAGANA" | "KATAKANA" | "IDEOGRAPHIC"]:
            return _east_asian(_JAPANESE)
        case ["HANGUL"]:
            return _east_asian(_KOREAN)
    return ""


@cache
def _noto_sans() -> frozenset[int]:
    """The code points that Noto Sans knows."""
    file = resources.files("fontpkg_noto_sans") / "files" / "NotoSans[wdth,wght].ttf"
    with resources.as_file(file) as path:
        font = TTFont(_WIDE, str(path))
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


@cache
def _east_asian(name: str) -> str:
    pdfmetrics.registerFont(UnicodeCIDFont(name))
    return name


def _width(text: Text) -> float:
    return sum(glyph.width for glyph in text)


def _wrapped(text: Text, width: float) -> Iterator[Text]:
    """The lines that a text takes: broken at spaces where there are some, anywhere else."""
    line: list[Glyph] = []
    for glyph in text:
        line.append(glyph)
        if _width(line) > width and len(line) > 1:
            spaces = [at for at, known in enumerate(line) if known.char == " "]
            at = spaces[-1] + 1 if spaces else len(line) - 1
            yield line[:at]
            line = line[at:]
    yield line


def _fitted(page: Any, text: Text, x: float, y: float, *, width: float, size: float) -> None:
    """Draw one line, smaller where it is too long."""
    _draw(page, text, x, y, min(size, width / (_width(text) or 1)))


def _draw(page: Any, text: Text, x: float, y: float, size: float) -> None:
    for font, glyphs in groupby(text, key=lambda glyph: glyph.font):
        run = list(glyphs)
        page.setFont(font, size)
        page.drawString(x, y, "".join(glyph.char for glyph in run))
        x += _width(run) * size
