"""Money back, over one tender or several: the one way, whatever it is for.

A *cause* is the id of what it is for: a return, or a refund that an agent granted. It is bounded by
what the tenders captured, in the transaction that writes the intents: the order's version is its
lock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from pydantic import Field

from doorstep.domain import capturing, events
from doorstep.domain.errors import IdempotencyKeyReused, InvalidCommand, NotSupported
from doorstep.domain.money import Money, total
from doorstep.domain.order import Order
from doorstep.domain.payment import (
    STORED_VALUE,
    Payment,
    PaymentAction,
    PaymentEvent,
    PaymentOutcome,
)
from doorstep.domain.record import Command
from doorstep.domain.refunds import Refund, RefundReason, RefundRule
from doorstep.domain.shipment import Shipment

MAX_REFUNDS = 50
"""Of one order, granted without a return, at the most."""

_ALIVE = (PaymentOutcome.REQUESTED, PaymentOutcome.SUCCEEDED)


class WantedRefund(Command):
    """Money to be given back without a return."""

    reason: RefundReason
    note: str = Field(default="", max_length=500)
    amount: Money | None = None
    """Left out: all that the parcel, or the order, has captured and not given back."""
    shipment_id: str = Field(default="", max_length=120)
    """The parcel it is about, which bounds it."""
    rule: RefundRule = RefundRule.NEWEST

    def fingerprint(self) -> str:
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def grant(
    order: Order, wanted: WantedRefund, request_key: str, *, by: str, at: datetime
) -> tuple[Order, Refund]:
    """Grant a refund and write its intents, tender by tender.

    The same idempotency key again answers the same refund, and raises IdempotencyKeyReused with
    another request; another key is another refund. Raises InvalidCommand for more than was captured
    and is not given back.
    """
    for known in order.refunds:
        if known.request_key == request_key:
            if known.fingerprint != wanted.fingerprint():
                raise IdempotencyKeyReused(request_key)
            return order, known
    if capturing.paid_at_storefront(order):
        raise NotSupported("The storefront took this payment: it can only be refunded there.")
    if len(order.refunds) >= MAX_REFUNDS:
        raise InvalidCommand({"": f"an order has {MAX_REFUNDS} refunds at the most"})
    left = room(order, wanted.shipment_id)
    amount = left if wanted.amount is None else wanted.amount
    if amount.currency != order.currency:
        raise InvalidCommand({"amount.currency": f"the order is in {order.currency}"})
    if not 0 < amount.minor <= left.minor:
        raise InvalidCommand({"amount": f"more than nothing, and {left} at the most"})
    refund = Refund(
        refund_id=f"{order.order_id}-C{len(order.refunds) + 1}",
        request_key=request_key,
        fingerprint=wanted.fingerprint(),
        reason=wanted.reason,
        note=wanted.note,
        shipment_id=wanted.shipment_id,
        rule=wanted.rule,
        amount=amount,
        given=Money.zero(order.currency),
        granted_by=by,
        granted_at=at,
    )
    granted = order.with_refund(refund).raising(
        events.RefundGranted(refund_id=refund.refund_id, reason=refund.reason, amount=amount)
    )
    return request(granted, refund.refund_id, amount, rule=refund.rule, at=at), refund


def request(
    order: Order,
    cause: str,
    amount: Money,
    *,
    rule: RefundRule,
    at: datetime,
    again: bool = False,
) -> Order:
    """Write the intents to give back what was not asked for this cause before.

    Never more than was captured: what the tenders do not have any more is not asked for. What a
    provider has refused is only asked for `again` when somebody says so, under another key.
    """
    counted = _ALIVE if again else tuple(PaymentOutcome)
    left = amount - _sum(order, cause, *counted)
    for payment, share in spread(order.payments, left, rule):
        for authorization, part in payment.refund_parts(share):
            drawn = {"authorization": authorization}
            order = _ask(order, cause, payment.payment_id, part, at, **drawn)
    return order


def undo(order: Order, parcel: Shipment, *, at: datetime) -> Order:
    """Write the intents to give back what a parcel that will not leave was paid with, to the
    tenders that paid it.
    """
    for payment in order.payments:
        for claim in capturing.standing(payment, parcel):
            drawn = {"authorization": claim.authorization, "undoes": claim.key}
            about = (parcel.shipment_id, payment.payment_id)
            order = _ask(order, *about, claim.amount, at, **drawn)
    return order


def spread(
    payments: Iterable[Payment], amount: Money, rule: RefundRule
) -> list[tuple[Payment, Money]]:
    """What each tender gives back of an amount, to the last unit, and never more than it has."""
    newest = [payment for payment in reversed(tuple(payments)) if payment.refundable.minor > 0]
    amount = min(amount, total((one.refundable for one in newest), amount.currency))
    if amount.minor <= 0:
        return []
    if rule is RefundRule.PROPORTIONAL:
        shares = amount.split([payment.refundable.minor for payment in newest])
        return [(one, share) for one, share in zip(newest, shares, strict=True) if share]
    if rule is RefundRule.STORE_CREDIT:
        newest.sort(key=lambda payment: payment.method not in STORED_VALUE)
    found = []
    for payment in newest:
        share = min(amount, payment.refundable)
        if share:
            found.append((payment, share))
            amount -= share
    return found


def answered(
    order: Order, payment_id: str, event: PaymentEvent, *, reference: str, at: datetime
) -> Order:
    """The provider gave one tender's part back."""
    done = event.model_copy(
        update={"outcome": PaymentOutcome.SUCCEEDED, "reference": reference, "at": at}
    )
    about = _about(order, cause_of(event))
    return order.with_payment(order.payment(payment_id).with_event(done)).raising(
        events.PaymentRefunded(payment_id=payment_id, amount=event.amount, **about)
    )


def refused(
    order: Order, payment_id: str, event: PaymentEvent, *, reason: str, at: datetime
) -> Order:
    """The provider refused to give one tender's part back."""
    failed = event.model_copy(update={"outcome": PaymentOutcome.FAILED, "reason": reason, "at": at})
    about = _about(order, cause_of(event))
    return order.with_payment(order.payment(payment_id).with_event(failed)).raising(
        events.RefundFailed(payment_id=payment_id, amount=event.amount, reason=reason, **about)
    )


def settle(order: Order, refund_id: str, *, at: datetime) -> Order:
    """A granted refund is over where nothing more of it can be given."""
    refund = order.refund(refund_id)
    if refund.settled_at or not exhausted(order, refund_id, refund.amount):
        return order
    given = given_for(order, refund_id)
    update = {"given": given, "settled_at": at}
    return order.with_refund(refund.model_copy(update=update)).raising(
        events.RefundSettled(refund_id=refund_id, given=given)
    )


def exhausted(order: Order, cause: str, amount: Money) -> bool:
    """Whether all of it is given, or all that there was."""
    if _sum(order, cause, PaymentOutcome.REQUESTED):
        return False
    short = amount - given_for(order, cause)
    return short.minor <= 0 or not any(one.refundable.minor > 0 for one in order.payments)


def given_for(order: Order, cause: str) -> Money:
    """What has gone back for a cause."""
    return _sum(order, cause, PaymentOutcome.SUCCEEDED)


def parts(payment: Payment, cause: str) -> list[PaymentEvent]:
    """What one tender was asked to give back for a cause."""
    return [event for event in payment.events if event.key.startswith(f"{cause}-refund-")]


def cause_of(event: PaymentEvent) -> str:
    """What a part of a refund is for."""
    return event.key.rpartition("-refund-")[0]


def _ask(
    order: Order, cause: str, payment_id: str, amount: Money, at: datetime, **drawn: str
) -> Order:
    """The order with the intent to give back what one tender captured on one authorization."""
    payment = order.payment(payment_id)
    known = len(parts(payment, cause))
    intent = PaymentEvent(
        key=f"{cause}-refund-{payment.tender}{f'-{known + 1}' if known else ''}",
        action=PaymentAction.REFUND,
        amount=amount,
        outcome=PaymentOutcome.REQUESTED,
        at=at,
        **drawn,
    )
    return order.with_payment(payment.with_event(intent)).raising(
        events.RefundRequested(payment_id=payment_id, amount=amount, **_about(order, cause))
    )


def _sum(order: Order, cause: str, *outcomes: PaymentOutcome) -> Money:
    found = (e for one in order.payments for e in parts(one, cause) if e.outcome in outcomes)
    return total((event.amount for event in found), order.currency)


def room(order: Order, shipment_id: str) -> Money:
    """What may still be given back: of the order, and of the parcel that it is about."""
    zero = Money.zero(order.currency)
    left = total((max(payment.refundable, zero) for payment in order.payments), order.currency)
    if not shipment_id:
        return left
    parcel = order.shipment(shipment_id)
    about = [one for one in order.refunds if one.shipment_id == shipment_id]
    known = total((one.given if one.settled_at else one.amount for one in about), order.currency)
    return min(left, parcel.amount - known)


def _about(order: Order, cause: str) -> dict[str, str]:
    """The fields of an event that say what a refund is for."""
    found = {"return_id": "", "refund_id": "", "shipment_id": ""}
    if any(back.return_id == cause for back in order.returns):
        return found | {"return_id": cause}
    if any(refund.refund_id == cause for refund in order.refunds):
        return found | {"refund_id": cause}
    return found | {"shipment_id": cause}
