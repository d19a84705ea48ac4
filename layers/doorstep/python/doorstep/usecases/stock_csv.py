"""Stock news as CSV: `sku` with `on_hand` or `change`, and a `sequence` where lines have their own.

sku,on_hand
MUG-BLUE,17
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from doorstep.domain.errors import InvalidCommand
from doorstep.usecases.feed import FeedEntry

COLUMNS = ("sku", "on_hand", "change", "sequence")

_FAULT = "file"


class Line(NamedTuple):
    """One line of a file, by its number in it; `cells` by column, empty ones left out."""

    number: int
    cells: dict[str, str]
    fault: str = ""

    @property
    def sku(self) -> str:
        return self.cells.get("sku", "")


def lines(content: bytes) -> list[Line]:
    """Every line but the header and empty ones, those that are no line with their fault.

    Raises InvalidCommand where it is no such file at all.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        raise InvalidCommand({_FAULT: f"not UTF-8: line {number}"}) from None
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    seen: dict[str, int] = {}
    try:
        columns = _columns(next(reader, []))
        found = [
            _line(reader.line_num, columns, cells, seen)
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise InvalidCommand({_FAULT: f"not CSV: line {reader.line_num}: {error}"}) from None
    if not found:
        raise InvalidCommand({_FAULT: "there is no line in it but the header"})
    return found


def entry(line: Line, sequence: int) -> FeedEntry:
    """What a line says, under the file's sequence unless it has its own; raises ValueError."""
    if line.fault:
        raise ValueError(line.fault)
    try:
        return FeedEntry.model_validate({"sequence": sequence, **line.cells})
    except ValidationError as error:
        raise ValueError("; ".join(_told(fault) for fault in error.errors())) from None


def _columns(header: Sequence[str]) -> list[str]:
    named = [name.strip().lower() for name in header]
    known = ", ".join(COLUMNS)
    faults = [f"{name!r} is not one of {known}" for name in named if name not in COLUMNS]
    faults += [f"{name!r} is there twice" for name in COLUMNS if named.count(name) > 1]
    if "sku" not in named or not {"on_hand", "change"} & set(named):
        faults.append("it must name sku, and on_hand or change")
    if faults:
        raise InvalidCommand({_FAULT: f"the header: {'; '.join(faults)}"})
    return named


def _line(number: int, columns: Sequence[str], cells: Sequence[str], seen: dict[str, int]) -> Line:
    named = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if cell.strip()}
    if len(cells) != len(columns):
        return Line(number, named, f"{len(cells)} cells under {len(columns)} columns")
    first = seen.setdefault(named["sku"], number) if "sku" in named else number
    if first != number:
        return Line(number, named, f"line {first} has said something of this SKU already")
    return Line(number, named)


def _told(fault: ErrorDetails) -> str:
    path = ".".join(str(part) for part in fault["loc"])
    return f"{path}: {fault['msg']}" if path else str(fault["msg"])
