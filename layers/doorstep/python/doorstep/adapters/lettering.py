"""Text on paper, in any script: what labels and work orders are printed with.

Latin, Greek and Cyrillic in fonts that come along, Chinese, Japanese and Korean in those that PDF
readers have. A character that none of them knows becomes a question mark.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from itertools import groupby
from typing import Any, NamedTuple

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

PLAIN = "Helvetica"
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


def text(line: str, country: str | None = None) -> Text:
    """A line in glyphs: all of it in Helvetica where that will do."""
    line = "".join(char if char.isprintable() else " " for char in line).strip()
    plain = line.isascii() or line.encode("cp1252", "ignore").decode("cp1252") == line
    return [_glyph(char, PLAIN if plain else _font(char, country)) for char in line]


def printable(line: str, country: str | None = None) -> bool:
    """Whether paper shows a line as a screen does: a font knows each character, and none has to
    be shaped by its neighbors.
    """
    shaped = any(unicodedata.category(char) in ("Mn", "Mc") for char in line)
    return not shaped and (line.isascii() or all(_font(char, country) for char in line))


def width(line: Text) -> float:
    """At a size of one point."""
    return sum(glyph.width for glyph in line)


def wrapped(line: Text, most: float) -> Iterator[Text]:
    """The lines that a text takes: broken at spaces where there are some, anywhere else."""
    part: list[Glyph] = []
    for glyph in line:
        part.append(glyph)
        if width(part) > most and len(part) > 1:
            spaces = [at for at, known in enumerate(part) if known.char == " "]
            at = spaces[-1] + 1 if spaces else len(part) - 1
            yield part[:at]
            part = part[at:]
    yield part


def fitted(page: Any, line: Text, x: float, y: float, *, most: float, size: float) -> None:
    """Draw one line, smaller where it is too long."""
    draw(page, line, x, y, min(size, most / (width(line) or 1)))


def draw(page: Any, line: Text, x: float, y: float, size: float) -> None:
    for font, glyphs in groupby(line, key=lambda glyph: glyph.font):
        run = list(glyphs)
        page.setFont(font, size)
        page.drawString(x, y, "".join(glyph.char for glyph in run))
        x += width(run) * size


def _glyph(char: str, font: str) -> Glyph:
    if not font:
        char, font = "?", PLAIN
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
