"""A parcel's share of the money: claimed tender by tender, captured, refused."""

from __future__ import annotations

from datetime import datetime

from doorstep.domain import events
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


def claim(
    order: Order, parcel: Shipment, *, at: datetime
) -> tuple[Order, Payment, PaymentEvent] | None:
    """Write the intent to capture the next tender's part of a parcel's share, before the provider
    hears of it; None where all of it is captured.

    An unanswered claim is kept; after a refusal there is a new one, with a new key. The claim
    counts against what is authorized, so that two parcels never draw the same money (invariant 4);
    raises CaptureDeclined where that does not cover it.
    """
    left = parcel.amount
    for payment in order.payments:
        for event in claims(payment, parcel):
            if event.outcome is PaymentOutcome.REQUESTED:
                return order, payment, event
            if event.outcome is PaymentOutcome.SUCCEEDED:
                left -= event.amount
    if not left:
        return None
    payment, amount = spread(order, left)[-1]
    known = len(claims(payment, parcel))
    intent = PaymentEvent(
        key=f"{_claim_key(parcel)}-{payment.tender}{f'-{known + 1}' if known else ''}",
        action=PaymentAction.CAPTURE,
        amount=amount,
        outcome=PaymentOutcome.REQUESTED,
        at=at,
    )
    claimed = payment.with_event(intent)
    order = order.with_payment(claimed).raising(
        events.CaptureRequested(
            payment_id=payment.payment_id, shipment_id=parcel.shipment_id, amount=amount
        )
    )
    return order, claimed, intent


def spread(order: Order, amount: Money) -> list[tuple[Payment, Money]]:
    """What each tender gives of an amount, to the last unit: stored value first, then the others,
    in their order.

    The last one is to be asked first: nobody's stored value is spent on a parcel whose card
    declines. Raises CaptureDeclined where all of them together do not cover it.
    """
    shares, left = [], amount
    for payment in sorted(order.payments, key=lambda one: one.method not in STORED_VALUE):
        share = min(left, payment.capturable)
        if share > Money.zero(order.currency):
            shares.append((payment, share))
            left -= share
    if left:
        raise CaptureDeclined(f"{amount - left} is authorized, {amount} is needed")
    return shares


def captured(
    order: Order,
    parcel: Shipment,
    payment_id: str,
    event: PaymentEvent,
    *,
    reference: str,
    at: datetime,
) -> Order:
    """The provider took one tender's part of a parcel's share."""
    done = event.model_copy(
        update={"outcome": PaymentOutcome.SUCCEEDED, "reference": reference, "at": at}
    )
    payment = order.payment(payment_id).with_event(done)
    return order.with_payment(payment).raising(
        events.PaymentCaptured(
            payment_id=payment_id, shipment_id=parcel.shipment_id, amount=event.amount
        )
    )


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
