"""Work orders as PDF, A4: the piece, what is to be on it in large print, and the steps to tick.

What the fonts cannot show is said so, with its code points: nobody engraves a question mark that
stands for something else. The same work order makes the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from doorstep.adapters.lettering import draw, fitted, printable, text, width, wrapped
from doorstep.ports import WorkSheet

_WIDTH, _HEIGHT = A4
_MARGIN = 48
_INNER = _WIDTH - 2 * _MARGIN
_FOOT = 120
"""Above it, lines go to the next page; below it is the barcode."""

_LARGE, _PLAIN, _SMALL = 26, 12, 9


def render(sheet: WorkSheet) -> bytes:
    """The paper of one work order."""
    output = BytesIO()
    page = _Page(Canvas(output, pagesize=A4, invariant=1), sheet)
    page.write(f"{sheet.quantity} × {sheet.name}", 18, gap=26)
    page.write(sheet.sku, _PLAIN)
    page.rule()
    for name, said in sheet.instructions.items():
        page.write(name, _PLAIN, gap=18)
        for line in said.split("\n"):
            page.write(line, _LARGE)
        if not all(printable(line, sheet.country) for line in said.split("\n")):
            warning = f"Not all of this can be printed. Read it on a screen: {_codes(said)}"
            page.write(warning, _SMALL, gap=6)
    page.rule()
    for number, step in enumerate(sheet.steps, start=1):
        minutes = f"{step.minutes} min" if step.minutes else ""
        told = ", ".join(part for part in (step.skill or "", minutes) if part)
        page.tick(f"{number}. {step.name}{f' ({told})' if told else ''}")
    page.tick("Quality check")
    page.end()
    return output.getvalue()


class _Page:
    """A cursor on paper that goes on to the next sheet by itself."""

    def __init__(self, canvas: Any, sheet: WorkSheet) -> None:
        self._canvas = canvas
        self._sheet = sheet
        self._number = 1
        canvas.setTitle(f"Work order {sheet.work_order_id}, version {sheet.version}")
        self._head()

    def write(self, line: str, size: float, *, gap: float = 0, indent: float = 0) -> None:
        """A paragraph, as many lines as it takes."""
        self._y -= gap
        for part in self._lines(line, size, indent):
            draw(self._canvas, part, _MARGIN + indent, self._y, size)

    def tick(self, line: str) -> None:
        """A paragraph with a box to tick in front."""
        self._y -= 8
        for number, part in enumerate(self._lines(line, 13, 28)):
            if not number:
                self._canvas.rect(_MARGIN, self._y - 2, 14, 14)
            draw(self._canvas, part, _MARGIN + 28, self._y, 13)

    def rule(self) -> None:
        self._y -= 14
        self._canvas.line(_MARGIN, self._y, _WIDTH - _MARGIN, self._y)

    def end(self) -> None:
        self._foot()
        self._canvas.showPage()
        self._canvas.save()

    def _lines(self, line: str, size: float, indent: float) -> Iterator[Any]:
        """Each with the cursor on its base line."""
        for part in wrapped(text(line, self._sheet.country), (_INNER - indent) / size):
            if self._y - size * 1.35 < _FOOT:
                self._foot()
                self._canvas.showPage()
                self._number += 1
                self._head()
            self._y -= size * 1.35
            yield part

    def _head(self) -> None:
        sheet, page = self._sheet, self._canvas
        fitted(page, text(sheet.place), _MARGIN, _HEIGHT - 60, most=_INNER * 0.6, size=20)
        self._right(f"Due {sheet.due}" if sheet.due else "", _HEIGHT - 60, 16)
        order = text(f"Order {sheet.order_name}")
        fitted(page, order, _MARGIN, _HEIGHT - 80, most=_INNER * 0.6, size=_PLAIN)
        self._right(f"Promised for {sheet.promised}" if sheet.promised else "", _HEIGHT - 80, 10)
        self._y = _HEIGHT - 92.0
        page.line(_MARGIN, self._y, _WIDTH - _MARGIN, self._y)

    def _foot(self) -> None:
        sheet, page = self._sheet, self._canvas
        plain = Code128(sheet.work_order_id, barWidth=1, quiet=False)
        thick = min(1.1, _INNER / plain.width)
        bars = Code128(sheet.work_order_id, barWidth=thick, barHeight=48, quiet=False)
        bars.drawOn(page, _MARGIN, 54)
        fitted(page, text(sheet.work_order_id), _MARGIN, 40, most=_INNER * 0.6, size=_PLAIN)
        self._right(f"Version {sheet.version}, page {self._number}", 40, _SMALL)

    def _right(self, line: str, y: float, size: float) -> None:
        told = text(line)
        draw(self._canvas, told, _WIDTH - _MARGIN - width(told) * size, y, size)


def _codes(said: str) -> str:
    return " ".join(f"U+{ord(char):04X}" for char in said if char != "\n")
