"""Returns: what a customer sends back, what really came, and what is paid back for it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from doorstep.domain import transitions
from doorstep.domain.money import Money
from doorstep.domain.record import Moment, Record


class ReturnStatus(StrEnum):
    APPROVED = "approved"
    RECEIVED = "received"
    REFUNDED = "refunded"
    CLOSED = "closed"
    CANCELED = "canceled"


class ReturnReason(StrEnum):
    UNWANTED = "unwanted"
    WRONG_SIZE = "wrong_size"
    DAMAGED = "damaged"
    DEFECTIVE = "defective"
    WRONG_ITEM = "wrong_item"
    NOT_AS_DESCRIBED = "not_as_described"
    LATE = "late"
    OTHER = "other"


class ReturnLine(Record):
    """Units of one order line coming back.

    `received` counts what came, `damaged` how many of those cannot be sold.
    """

    line_id: str
    quantity: int = Field(gt=0)
    reason: ReturnReason
    note: str = ""
    received: int = 0
    damaged: int = 0
    refund: Money | None = None
    """The share of what was captured for the line that the received units carry."""


class Return(Record):
    """One parcel on its way back."""

    return_id: str
    request_key: str = ""
    """The idempotency key it was asked for with."""
    status: ReturnStatus = ReturnStatus.APPROVED
    location_id: str
    lines: tuple[ReturnLine, ...]
    carrier: str = ""
    tracking_number: str = ""
    label: str = ""
    requested_at: Moment
    received_at: Moment | None = None
    refund: Money | None = None

    @property
    def announced(self) -> dict[str, int]:
        """Units by line that the customer said would come."""
        return {line.line_id: line.quantity for line in self.lines}

    def to(self, status: ReturnStatus) -> Return:
        transitions.check("return", self.return_id, self.status, status)
        return self.model_copy(update={"status": status})
