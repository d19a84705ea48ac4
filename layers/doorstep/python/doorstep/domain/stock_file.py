"""A file of stock news: what a source says of a location, too much for a request.

It is known by its source, location and sequence, and lies in the inbox under that name. How far it
was read is its own record, so that whoever reads it goes on where the last one stopped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from doorstep.domain.record import Moment, Record

UPLOADS = "stock-files/"
RESULTS = "stock-results/"
"""Prefixes in the inbox: what sources put there, and what became of it."""

MAX_BYTES = 5_000_000
"""About 200,000 lines; a source with more sends more files."""

_NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_PLACE = re.compile(rf"{UPLOADS}({_NAME})/({_NAME})/(0|[1-9][0-9]{{0,18}})\.csv")


def stock_file_name(location_id: str, source: str, sequence: int) -> str:
    """What a file is known by."""
    return f"{location_id}/{source}/{sequence}"


class FileStatus(StrEnum):
    AWAITED = "awaited"
    READING = "reading"
    DONE = "done"
    REFUSED = "refused"
    """Not a line, or no further line, of it was read."""


class StockFile(Record):
    """What became of a file so far."""

    location_id: str
    source: str
    sequence: int
    status: FileStatus = FileStatus.AWAITED
    fault: str = ""
    """Why it was refused."""
    digest: str = ""
    """The SHA-256 of its content: another one under its name is not read on."""
    lines: int = 0
    """Lines that were read, without the header."""
    outcomes: Mapping[str, int] = {}
    """Lines by outcome."""
    parts: tuple[int, ...] = ()
    """Where parts of the result lie: each named by how many lines were read before it."""
    asked_at: Moment
    ended_at: Moment | None = None
    version: int = 1

    @classmethod
    def named(cls, key: str, at: Moment) -> Self:
        """The file that lies there, not read yet; raises ValueError where none belongs."""
        place = _PLACE.fullmatch(key)
        if place is None:
            raise ValueError("not the place of a stock file")
        location_id, source, sequence = place.groups()
        return cls(
            location_id=location_id, source=source, sequence=int(sequence), asked_at=at, version=0
        )

    @property
    def name(self) -> str:
        return stock_file_name(self.location_id, self.source, self.sequence)

    @property
    def key(self) -> str:
        """Where it lies."""
        return f"{UPLOADS}{self.name}.csv"

    @property
    def result_key(self) -> str:
        """Where the lines lie that need a look, once it is read."""
        return f"{RESULTS}{self.name}.csv"

    def part_key(self, part: int) -> str:
        return f"{RESULTS}{self.name}/{part}.csv"

    @property
    def ended(self) -> bool:
        return self.status in (FileStatus.DONE, FileStatus.REFUSED)

    def read(self, outcomes: Mapping[str, int], *, part: bool, digest: str) -> Self:
        """With some more lines read; `part`: some of them need a look."""
        counted = {
            name: self.outcomes.get(name, 0) + outcomes.get(name, 0)
            for name in sorted({*self.outcomes, *outcomes})
        }
        return self._next(
            status=FileStatus.READING,
            digest=digest,
            lines=self.lines + sum(outcomes.values()),
            outcomes=counted,
            parts=(*self.parts, self.lines) if part else self.parts,
        )

    def done(self, *, digest: str, at: Moment) -> Self:
        return self._next(status=FileStatus.DONE, digest=digest, ended_at=at)

    def refused(self, fault: str, *, at: Moment) -> Self:
        return self._next(status=FileStatus.REFUSED, fault=fault, ended_at=at)

    def _next(self, **changes: object) -> Self:
        return self.model_copy(update={**changes, "version": self.version + 1})
