"""Our records of a payment against its provider's report: what one has and the other has not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum

from doorstep.domain import events
from doorstep.domain.money import Money
from doorstep.domain.order import Order
from doorstep.domain.payment import Payment, PaymentAction, PaymentEvent, PaymentOutcome
from doorstep.domain.record import Moment, Record
from doorstep.domain.work_items import open_work_item, report

MAX_DIFFERENCES = 200
"""Kept of one day; all of them are counted."""


class Booking(Record):
    """Money that moved, as the provider's report has it."""

    key: str
    """Ours, under which it was asked for; of a chargeback, the provider's own."""
    payment_id: str
    action: PaymentAction
    amount: Money
    reference: str = ""
    authorization: str = ""
    at: Moment


class DifferenceKind(StrEnum):
    UNKNOWN_HERE = "unknown_here"
    """The provider moved money that we never asked for, or were refused."""
    UNKNOWN_THERE = "unknown_there"
    """We have money moved that the provider does not report."""
    AMOUNT = "amount"
    UNANSWERED = "unanswered"
    """The provider did it, and we are still waiting for its answer."""


class Difference(Record):
    """One movement that the two do not have in common."""

    kind: DifferenceKind
    payment_id: str
    key: str
    ours: Money | None = None
    theirs: Money | None = None

    def __str__(self) -> str:
        ours, theirs = self.ours or "nothing", self.theirs or "nothing"
        return f"{self.key}: {self.kind}, {ours} here, {theirs} there"


class Reconciliation(Record):
    """How a day's payments compare with one provider's report."""

    provider: str
    day: date
    until: Moment
    """Up to when it was compared."""
    bookings: int = 0
    differing: int = 0
    differences: tuple[Difference, ...] = ()

    def with_more(
        self, until: datetime, bookings: int, found: Iterable[Difference]
    ) -> Reconciliation:
        new = [one for one in found if one not in self.differences]
        return self.model_copy(
            update={
                "until": until,
                "bookings": self.bookings + bookings,
                "differing": self.differing + len(new),
                "differences": (*self.differences, *new)[:MAX_DIFFERENCES],
            }
        )


def compare(
    payment: Payment, bookings: Iterable[Booking], *, until: datetime
) -> tuple[Difference, ...]:
    """What a payment and the bookings of it do not have in common; what moved after `until` is too
    young to be missed.
    """
    theirs = {one.key: one for one in bookings if one.action is not PaymentAction.CHARGEBACK}
    key = payment.payment_id
    old = [one for one in theirs.values() if one.at < until]
    found = [_against(key, one, payment.event(one.key)) for one in old]
    since = payment.reconciled_until
    for event in payment.movements:
        young = event.at >= until or (since is not None and event.at < since)
        if not young and event.key not in theirs and event.amount:
            kind = DifferenceKind.UNKNOWN_THERE
            found.append(Difference(kind=kind, payment_id=key, key=event.key, ours=event.amount))
    return tuple(one for one in found if one)


def reconciled(
    order: Order, payment_id: str, found: Iterable[Difference], *, until: datetime, at: datetime
) -> Order:
    """The payment was compared; a person hears of what differs."""
    payment = order.payment(payment_id)
    if payment.unreconciled_since and payment.unreconciled_since < until:
        payment = payment.model_copy(update={"reconciled_until": until})
        order = order.with_payment(payment)
    for one in found:
        text = f"The provider's report differs: {one}. Ask the provider."
        order = report(order, "payment_differs", text=text, at=at)
    return order


def charge_back(order: Order, booking: Booking, *, at: datetime) -> Order:
    """A bank took captured money back, once, however often it is told."""
    payment = order.payment(booking.payment_id)
    if payment.event(booking.key):
        return order
    event = PaymentEvent(
        key=booking.key,
        action=PaymentAction.CHARGEBACK,
        amount=booking.amount,
        outcome=PaymentOutcome.SUCCEEDED,
        at=booking.at,
        reference=booking.reference,
        authorization=booking.authorization,
    )
    order = order.with_payment(payment.with_event(event)).raising(
        events.PaymentChargedBack(payment_id=payment.payment_id, amount=booking.amount)
    )
    text = f"{booking.amount} was charged back. Dispute it with the provider, or accept it."
    return open_work_item(order, "charged_back", subject=booking.key, text=text, at=at)


def _against(payment_id: str, booking: Booking, event: PaymentEvent | None) -> Difference | None:
    kind = None
    if event is None or event.outcome is PaymentOutcome.FAILED:
        kind = DifferenceKind.UNKNOWN_HERE
    elif event.outcome is PaymentOutcome.REQUESTED:
        kind = DifferenceKind.UNANSWERED
    elif (event.action, event.amount) != (booking.action, booking.amount):
        kind = DifferenceKind.AMOUNT
    if kind is None:
        return None
    ours = event.amount if event else None
    return Difference(
        kind=kind, payment_id=payment_id, key=booking.key, ours=ours, theirs=booking.amount
    )
