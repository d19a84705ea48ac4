"""Papers that go along with goods: transfers between locations, and cycle counts.

They change together with the stock that they are about, each under its own version.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from doorstep.domain.catalog import Sku
from doorstep.domain.errors import IllegalTransition, InvalidCommand
from doorstep.domain.record import Moment, Record
from doorstep.domain.stock_file import StockFile


class TransferStatus(StrEnum):
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"


class TransferLine(Record):
    """Units of one SKU on their way. `received` is what was really in the box."""

    sku: Sku
    shipped: int
    received: int | None = None

    @property
    def arrived(self) -> int:
        return min(self.received or 0, self.shipped)

    @property
    def lost(self) -> int:
        return self.shipped - self.arrived

    @property
    def surplus(self) -> int:
        return max(0, (self.received or 0) - self.shipped)


class Transfer(Record):
    """Goods that one location sends to another: nobody can sell them on their way."""

    transfer_id: str
    origin: str
    destination: str
    status: TransferStatus = TransferStatus.IN_TRANSIT
    lines: tuple[TransferLine, ...]
    shipped_at: Moment
    received_at: Moment | None = None
    version: int = 1

    def receive(self, counts: dict[str, int], *, at: Moment) -> Self:
        """The transfer with what really came; raises IllegalTransition and InvalidCommand."""
        wrong = counts.keys() ^ {line.sku for line in self.lines}
        if wrong:
            faults = {f"received.{sku}": "count every SKU that was sent" for sku in wrong}
            raise InvalidCommand(dict(sorted(faults.items())))
        if self.status is not TransferStatus.IN_TRANSIT:
            raise IllegalTransition(f"transfer {self.transfer_id}", self.status, "received")
        lines = tuple(line.model_copy(update={"received": counts[line.sku]}) for line in self.lines)
        return self.model_copy(
            update={
                "status": TransferStatus.RECEIVED,
                "lines": lines,
                "received_at": at,
                "version": self.version + 1,
            }
        )


class CountStatus(StrEnum):
    OPEN = "open"
    CLOSING = "closing"
    """Nothing is counted any more; what differs is being booked."""
    CLOSED = "closed"


class CountLine(Record):
    """One SKU of a cycle count. `expected` is what the books said when it was counted."""

    sku: Sku
    expected: int | None = None
    counted: int | None = None
    reason: str = ""
    booked: int | None = None
    """What was booked of the variance: not more than was free of promises."""

    @property
    def variance(self) -> int:
        return (self.counted or 0) - (self.expected or 0)


class CycleCount(Record):
    """A session in which some SKUs of a location are counted, while it goes on working."""

    count_id: str
    location_id: str
    status: CountStatus = CountStatus.OPEN
    lines: tuple[CountLine, ...]
    opened_at: Moment
    opened_by: str
    closed_at: Moment | None = None
    version: int = 1

    def line(self, sku: str) -> CountLine:
        """Raises InvalidCommand for a SKU that is not to be counted."""
        for line in self.lines:
            if line.sku == sku:
                return line
        raise InvalidCommand({"sku": f"{sku!r} is not part of this count"})

    def with_line(self, line: CountLine) -> Self:
        lines = tuple(line if known.sku == line.sku else known for known in self.lines)
        return self.model_copy(update={"lines": lines, "version": self.version + 1})

    def count(self, sku: str, *, expected: int, counted: int, reason: str) -> Self:
        """A SKU was counted, or counted again; raises IllegalTransition once it is closing."""
        if self.status is not CountStatus.OPEN:
            raise IllegalTransition(f"count {self.count_id}", self.status, "counted")
        update = {"expected": expected, "counted": counted, "reason": reason}
        return self.with_line(self.line(sku).model_copy(update=update))

    def close(self) -> Self:
        """No more counting.

        Raises InvalidCommand unless everything is counted, and every variance has a reason.
        """
        faults = {}
        for line in self.lines:
            if line.counted is None:
                faults[f"lines.{line.sku}"] = "not counted yet"
            elif line.variance and not line.reason:
                faults[f"lines.{line.sku}"] = f"say why it is {line.variance:+} units"
        if faults:
            raise InvalidCommand(faults)
        return self.model_copy(update={"status": CountStatus.CLOSING, "version": self.version + 1})

    def closed(self, *, at: Moment) -> Self:
        return self.model_copy(
            update={"status": CountStatus.CLOSED, "closed_at": at, "version": self.version + 1}
        )


Paper = Transfer | CycleCount | StockFile
