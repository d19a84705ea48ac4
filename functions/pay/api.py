"""HTTP: refunds without a return → granted; another way to pay → taken; reconciliations → shown.

Repeats are harmless: a refund and a payment by their key, their parts by what was asked already.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from pydantic import Field

from doorstep.domain.order import order_of
from doorstep.domain.payment import Method
from doorstep.domain.record import Command
from doorstep.domain.refunding import WantedRefund
from doorstep.runtime import web, wiring
from doorstep.runtime.settings import settings
from doorstep.runtime.views import PaymentDueView, PaymentView, ReconciliationPage, RefundView
from doorstep.usecases.dunning import pay_again
from doorstep.usecases.refund import grant_refund, retry_refund


class AnotherPayment(Command):
    """What a customer pays with instead of what was declined."""

    token: str = Field(min_length=1, max_length=255)
    method: Method = Method.CARD


class LinkedPayment(Command):
    """The same, by whoever has the link of a mail."""

    token: str = Field(max_length=200)
    """The link's."""
    payment: AnotherPayment


app = web.api()
handler = web.entered(app)


@app.post("/orders/<order_id>/refunds", responses=web.CREATED)
def grant(
    order_id: web.Id, wanted: WantedRefund, key: web.IdempotencyKey
) -> web.Response[RefundView]:
    caller = web.caller(app)
    caller.may("agent")
    refund = grant_refund(
        order_id,
        wanted,
        key,
        by=caller.name,
        orders=wiring.orders(caller.name),
        gateway=wiring.payment_gateway(),
        clock=wiring.clock,
    )
    return web.answer(RefundView.of(refund), HTTPStatus.CREATED)


@app.post("/refunds/<refund_id>/retry")
def retry(refund_id: web.Id) -> RefundView:
    caller = web.caller(app)
    caller.may("agent")
    refund = retry_refund(
        refund_id,
        orders=wiring.orders(caller.name),
        gateway=wiring.payment_gateway(),
        clock=wiring.clock,
    )
    return RefundView.of(refund)


@app.post("/fulfillment-orders/<fulfillment_order_id>/payment", responses=web.CREATED)
def pay(
    fulfillment_order_id: web.Id, payment: AnotherPayment, key: web.IdempotencyKey
) -> web.Response[PaymentView]:
    caller = web.caller(app)
    caller.shown(wiring.orders().get(order_of(fulfillment_order_id)))
    return _paid(fulfillment_order_id, payment, key, by=caller.name)


@app.get("/payment-links/<fulfillment_order_id>")
def show_by_link(
    fulfillment_order_id: web.Id, token: Annotated[str, web.Query(max_length=200)]
) -> PaymentDueView:
    wiring.payment_links().check(fulfillment_order_id, token)
    order = wiring.orders().get(order_of(fulfillment_order_id))
    return PaymentDueView.of(order, fulfillment_order_id, at=wiring.clock())


@app.post("/payment-links/<fulfillment_order_id>", responses=web.CREATED)
def pay_by_link(
    fulfillment_order_id: web.Id, linked: LinkedPayment, key: web.IdempotencyKey
) -> web.Response[PaymentView]:
    wiring.payment_links().check(fulfillment_order_id, linked.token)
    return _paid(fulfillment_order_id, linked.payment, key, by="customer by link")


@app.get("/payment-reconciliations")
def reconciliations(limit: web.Limit = 31) -> ReconciliationPage:
    web.caller(app).may("agent")
    days = wiring.reconciliations().days(settings().payment_provider, limit)
    return ReconciliationPage(reconciliations=tuple(days))


def _paid(
    fulfillment_order_id: str, payment: AnotherPayment, key: str, *, by: str
) -> web.Response[PaymentView]:
    paid = pay_again(
        fulfillment_order_id,
        payment.token,
        key,
        method=payment.method,
        methods=wiring.payment_methods(),
        orders=wiring.orders(by),
        gateway=wiring.payment_gateway(),
        clock=wiring.clock,
    )
    return web.answer(PaymentView.of(paid), HTTPStatus.CREATED)
