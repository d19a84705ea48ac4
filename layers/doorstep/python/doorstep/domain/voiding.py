"""Money that is authorized and not needed is given free: asked for, done, or refused."""

from __future__ import annotations

from datetime import datetime

from doorstep.domain import events
from doorstep.domain.order import Order
from doorstep.domain.payment import PaymentAction, PaymentEvent, PaymentOutcome


def request_void(order: Order, payment_id: str, *, at: datetime) -> Order:
    """Write down that what is authorized and not needed will be given free: once for each
    authorization.
    """
    payment = order.payment(payment_id)
    voids = [event for event in payment.events if event.action is PaymentAction.VOID]
    if not payment.capturable or any(
        event.authorization in (payment.reference, "") for event in voids
    ):
        return order
    key = f"{payment_id}-void{f'-{len(voids) + 1}' if voids else ''}"
    intent = PaymentEvent(
        key=key,
        action=PaymentAction.VOID,
        amount=payment.capturable,
        outcome=PaymentOutcome.REQUESTED,
        at=at,
        authorization=payment.reference,
    )
    return order.with_payment(payment.with_event(intent)).raising(
        events.VoidRequested(payment_id=payment_id, amount=intent.amount)
    )


def voided(order: Order, payment_id: str, event: PaymentEvent, *, at: datetime) -> Order:
    """The provider gave it free."""
    payment = order.payment(payment_id)
    event = event.model_copy(update={"outcome": PaymentOutcome.SUCCEEDED, "at": at})
    return order.with_payment(payment.with_event(event)).raising(
        events.PaymentVoided(payment_id=payment_id, amount=event.amount)
    )


def void_refused(
    order: Order, payment_id: str, event: PaymentEvent, *, reason: str, at: datetime
) -> Order:
    """The provider keeps it reserved."""
    payment = order.payment(payment_id)
    update = {"outcome": PaymentOutcome.FAILED, "reason": reason, "at": at}
    event = event.model_copy(update=update)
    return order.with_payment(payment.with_event(event)).raising(
        events.VoidRefused(payment_id=payment_id, amount=event.amount, reason=reason)
    )
