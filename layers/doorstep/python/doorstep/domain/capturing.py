"""A parcel's share of the money: claimed tender by tender, captured, refused."""

from __future__ import annotations

from datetime import datetime

from doorstep.domain import events, renewing
from doorstep.domain.errors import CaptureDeclined
from doorstep.domain.money import Money, total
from doorstep.domain.order import Order
from doorstep.domain.payment import (
    STORED_VALUE,
    STOREFRONT,
    Payment,
    PaymentAction,
    PaymentEvent,
    PaymentOutcome,
)
from doorstep.domain.shipment import Shipment


def unanswered(order: Order, parcel: Shipment) -> tuple[Payment, PaymentEvent] | None:
    """A tender that was asked for its part of a parcel's share, and has not answered."""
    for payment in order.payments:
        for event in claims(payment, parcel):
            if event.outcome is PaymentOutcome.REQUESTED:
                return payment, event
    return None


def next_share(order: Order, parcel: Shipment) -> tuple[Payment, Money] | None:
    """The tender that is to be asked next, and for how much; None where all of a parcel's share is
    captured.

    Stored value gives first, then the others in their order, each as much as it still owes. The
    last of them is asked first: nobody's stored value is spent on a parcel whose card declines.
    Raises CaptureDeclined where all of them together do not cover it.
    """
    alive = (event.amount for one in order.payments for event in standing(one, parcel))
    left = needed = parcel.amount - total(alive, order.currency)
    last = None
    for payment in sorted(order.payments, key=lambda one: one.method not in STORED_VALUE):
        share = min(left, payment.owed)
        if share.minor > 0:
            last = payment, share
            left -= share
    if left.minor > 0:
        raise CaptureDeclined(f"{needed - left} is left to be paid with, {needed} is needed")
    return last


def claim(
    order: Order, parcel: Shipment, payment_id: str, amount: Money, *, at: datetime
) -> tuple[Order, Payment, PaymentEvent]:
    """Write the intent to capture one tender's part of a parcel's share, before the provider hears
    of it; after a refusal under a new key.

    It counts against what is authorized, so that two parcels never draw the same money
    (invariant 4). Raises CaptureDeclined where that does not cover it.
    """
    payment = order.payment(payment_id)
    if amount > payment.capturable:
        raise CaptureDeclined(f"{payment.capturable} is authorized, {amount} is needed")
    known = len(claims(payment, parcel))
    intent = PaymentEvent(
        key=f"{_claim_key(parcel)}-{payment.tender}{f'-{known + 1}' if known else ''}",
        action=PaymentAction.CAPTURE,
        amount=amount,
        outcome=PaymentOutcome.REQUESTED,
        at=at,
        authorization=payment.reference,
    )
    claimed = payment.with_event(intent)
    order = order.with_payment(claimed).raising(
        events.CaptureRequested(
            payment_id=payment.payment_id, shipment_id=parcel.shipment_id, amount=amount
        )
    )
    return order, claimed, intent


def captured(
    order: Order,
    parcel: Shipment,
    payment_id: str,
    event: PaymentEvent,
    *,
    reference: str,
    at: datetime,
) -> Order:
    """The provider took one tender's part of a parcel's share.

    Where one capture is all that an authorization gives, the rest of it is not reserved any more.
    """
    done = event.model_copy(
        update={"outcome": PaymentOutcome.SUCCEEDED, "reference": reference, "at": at}
    )
    payment = order.payment(payment_id).with_event(done)
    order = order.with_payment(payment).raising(
        events.PaymentCaptured(
            payment_id=payment_id, shipment_id=parcel.shipment_id, amount=event.amount
        )
    )
    if payment.terms.multi_capture:
        return order
    return renewing.ended(order, payment_id, reason="one capture is all it gives", at=at)


def refused(
    order: Order,
    parcel: Shipment,
    payment_id: str,
    event: PaymentEvent,
    *,
    reason: str,
    at: datetime,
) -> Order:
    """The provider would not take it."""
    failed = event.model_copy(update={"outcome": PaymentOutcome.FAILED, "reason": reason, "at": at})
    payment = order.payment(payment_id).with_event(failed)
    return order.with_payment(payment).raising(
        events.CaptureDeclined(
            payment_id=payment_id,
            shipment_id=parcel.shipment_id,
            amount=event.amount,
            reason=reason,
        )
    )


def claims(payment: Payment, parcel: Shipment) -> list[PaymentEvent]:
    """What one tender was asked to give for a parcel."""
    return [event for event in payment.events if event.key.startswith(_claim_key(parcel))]


def standing(payment: Payment, parcel: Shipment) -> list[PaymentEvent]:
    """What one tender has given for a parcel, or may have: not refused, and not taken back."""
    undone = {event.undoes for event in payment.undoing}
    return [
        event
        for event in claims(payment, parcel)
        if event.outcome is not PaymentOutcome.FAILED and event.key not in undone
    ]


def check_storefront_payment(order: Order) -> None:
    """Raise CaptureDeclined unless what the storefront took covers everything packed so far."""
    packed = total((parcel.amount for parcel in order.parcels), order.currency)
    if order.captured < packed:
        raise CaptureDeclined(f"the storefront has taken {order.captured}, {packed} is needed")


def paid_at_storefront(order: Order) -> bool:
    """Whether the storefront takes the money itself."""
    return any(payment.provider == STOREFRONT for payment in order.payments)


def _claim_key(parcel: Shipment) -> str:
    return f"{parcel.shipment_id}-capture"


def record_storefront_payment(order: Order, paid: Money, *, at: datetime) -> Order:
    """Follow money that the storefront took: raise what is captured to `paid`, never lower it."""
    payment = next((p for p in order.payments if p.provider == STOREFRONT), None)
    if payment is None or paid <= payment.captured:
        return order
    more = paid - payment.captured
    key = f"{payment.payment_id}-paid-{paid.minor}"
    money = {"amount": more, "outcome": PaymentOutcome.SUCCEEDED, "at": at}
    payment = payment.with_event(
        PaymentEvent(key=f"{key}-authorize", action=PaymentAction.AUTHORIZE, **money)
    ).with_event(PaymentEvent(key=key, action=PaymentAction.CAPTURE, **money))
    return order.with_payment(payment).raising(
        events.PaymentRecorded(payment_id=payment.payment_id, amount=more)
    )
