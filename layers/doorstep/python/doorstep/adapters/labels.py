"""Shipping labels as PDF, 4 by 6 inches, for carriers that leave the printing to us.

Names and addresses are printed as they are written, in whatever script. The same parcel makes the
same bytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from reportlab.graphics.barcode.code128 import Code128
from reportlab.pdfgen.canvas import Canvas

from doorstep.adapters.lettering import Text, draw, fitted, text, width, wrapped
from doorstep.domain.address import Address
from doorstep.ports import Consignment

WIDTH, HEIGHT = 288, 432
"""In points."""

_MARGIN = 14
_INNER = WIDTH - 2 * _MARGIN
_LINE_HEIGHT = 1.25


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
    fitted(page, _text(weight), _MARGIN, 148, most=80, size=12)
    fitted(page, _text(f"Ref {consignment.reference}"), _MARGIN + 84, 148, most=176, size=12)
    _barcode(page, tracking_number)
    fitted(page, _text(notice), _MARGIN, 14, most=_INNER, size=7)
    page.showPage()
    page.save()
    return output.getvalue()


def _header(page: Any, service: str, carrier: str) -> None:
    page.rect(0, HEIGHT - 44, WIDTH, 44, stroke=0, fill=1)
    page.setFillGray(1)
    fitted(page, _text(service), _MARGIN, HEIGHT - 30, most=_INNER * 0.6, size=20)
    name = _text(carrier)
    fitted(page, name, WIDTH - _MARGIN - width(name) * 9, HEIGHT - 27, most=_INNER, size=9)
    page.setFillGray(0)


def _address(
    page: Any, title: str, address: Address, *, top: float, bottom: float, sizes: Sequence[float]
) -> None:
    """An address in the largest size in which it fits; in the smallest one, as much as fits."""
    draw(page, _text(title), _MARGIN, top - 7, 7)
    lines = [_text(line, address.country) for line in address.printed()]
    room = top - 10 - bottom
    for size in sizes:
        parts = [part for line in lines for part in wrapped(line, _INNER / size)]
        fitting = int(room / (size * _LINE_HEIGHT))
        if len(parts) <= fitting or size == sizes[-1]:
            break
    for number, line in enumerate(parts[:fitting], start=1):
        draw(page, line, _MARGIN, top - 10 - number * size * _LINE_HEIGHT, size)


def _barcode(page: Any, tracking_number: str) -> None:
    plain = Code128(tracking_number, barWidth=1, quiet=False)
    bars = Code128(tracking_number, barWidth=_INNER / plain.width, barHeight=86, quiet=False)
    bars.drawOn(page, _MARGIN, 50)
    number = _text(tracking_number)
    draw(page, number, (WIDTH - width(number) * 12) / 2, 34, 12)


def _text(line: str, country: str | None = None) -> Text:
    """A line as carriers read it: the plain form of every character (NFKC)."""
    return text(unicodedata.normalize("NFKC", line), country)
