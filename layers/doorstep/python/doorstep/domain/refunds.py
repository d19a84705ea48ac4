"""Refunds that an agent grants without a return: what for, how much, and over which tenders."""

from __future__ import annotations

from enum import StrEnum

from doorstep.domain.money import Money
from doorstep.domain.record import Moment, Record


class RefundRule(StrEnum):
    """Over which tenders money goes back, each within what it has captured."""

    NEWEST = "newest"
    """The tender that was added last, first."""
    PROPORTIONAL = "proportional"
    """Each by what is left of it."""
    STORE_CREDIT = "store_credit"
    """Store credit and gift cards first, as far as they paid; then the newest."""


class RefundReason(StrEnum):
    """Why money is given back without goods coming back."""

    GOODWILL = "goodwill"
    LOST = "lost"
    DAMAGED = "damaged"
    LATE = "late"
    PRICE = "price"
    UNCOLLECTED = "uncollected"
    OTHER = "other"


class Refund(Record):
    """Money that an agent gives back; its parts are events of the payments, by its id."""

    refund_id: str
    request_key: str
    fingerprint: str
    """A hash of the request that made it."""
    reason: RefundReason
    note: str = ""
    shipment_id: str = ""
    """The parcel it is about."""
    rule: RefundRule
    amount: Money
    given: Money
    """What of it has gone back."""
    granted_by: str
    granted_at: Moment
    settled_at: Moment | None = None
