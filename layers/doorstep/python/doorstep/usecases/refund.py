"""Give back the money for a return that was received: intents first, then the provider, tender by
tender.
"""

from __future__ import annotations

from doorstep.domain import placing, returning
from doorstep.domain.errors import NotSupported, PaymentDeclined
from doorstep.domain.order import Order, order_of
from doorstep.domain.payment import PaymentAction, PaymentOutcome
from doorstep.domain.returns import ReturnStatus
from doorstep.ports import Clock, Orders, PaymentGateway


def refund_return(
    return_id: str, *, orders: Orders, gateway: PaymentGateway, clock: Clock
) -> Order:
    """Refund what the received units carry, once, however often it is called.

    What a provider refuses to give back becomes a work item. Raises PaymentOutcomeUnknown and
    ProviderUnavailable: repeat.
    """
    order = orders.get(order_of(return_id))
    if order.return_(return_id).status is not ReturnStatus.RECEIVED:
        return order
    (order,) = orders.commit(returning.request_refund(order, return_id, at=clock()))
    for payment in order.payments:
        for event in payment.events:
            mine = event.action is PaymentAction.REFUND and event.key.startswith(f"{return_id}-")
            if not mine or event.outcome is not PaymentOutcome.REQUESTED:
                continue
            try:
                reference = gateway.refund(payment, event)
            except (PaymentDeclined, NotSupported) as refusal:
                order = returning.refund_failed(
                    order, return_id, event, payment.payment_id, reason=str(refusal), at=clock()
                )
                order = placing.open_work_item(
                    order,
                    "refund_failed",
                    subject=return_id,
                    text=f"{event.amount} could not be refunded: {refusal}",
                    at=clock(),
                )
            else:
                order = returning.refunded(
                    order, return_id, event, payment.payment_id, reference=reference, at=clock()
                )
            (order,) = orders.commit(order)
    (order,) = orders.commit(returning.settle(order, return_id))
    return order
