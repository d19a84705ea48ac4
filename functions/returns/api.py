"""HTTP: returns → approved with a label, shown, received.

Repeats are harmless: by what is requested and counted already.
"""

from __future__ import annotations

from http import HTTPStatus

from pydantic import Field

from doorstep.domain.errors import NotFound
from doorstep.domain.order import Order, order_of
from doorstep.domain.record import Command
from doorstep.domain.returning import ReceivedUnits, WantedReturn
from doorstep.domain.returns import Return
from doorstep.runtime import web, wiring
from doorstep.runtime.views import LinkView
from doorstep.usecases.refund import refund_return
from doorstep.usecases.returns import label_return, receive_return, request_return

app = web.api()
handler = web.entered(app)


class ReturnRequest(Command):
    """What a customer wants to send back."""

    lines: tuple[WantedReturn, ...] = Field(min_length=1, max_length=50)


class ReturnCount(Command):
    """What really came, by line; a line left out did not come."""

    lines: dict[str, ReceivedUnits] = Field(max_length=50)


@app.post("/orders/<order_id>/returns")
def request(
    order_id: web.Id, wanted: ReturnRequest, key: web.IdempotencyKey
) -> web.Response[Return]:
    _visible(wiring.orders().get(order_id))
    back = request_return(
        order_id,
        wanted.lines,
        key,
        orders=wiring.orders(web.caller(app).name),
        catalog=wiring.catalog(),
        carrier=wiring.carrier(),
        documents=wiring.documents(),
        clock=wiring.clock,
    )
    return web.answer(back, HTTPStatus.CREATED)


@app.get("/returns/<return_id>")
def show(return_id: web.Id) -> Return:
    return _visible(wiring.orders().get(order_of(return_id))).return_(return_id)


@app.get("/returns/<return_id>/label")
def label(return_id: web.Id) -> LinkView:
    _visible(wiring.orders().get(order_of(return_id)))
    back = label_return(
        return_id,
        orders=wiring.orders(web.caller(app).name),
        catalog=wiring.catalog(),
        carrier=wiring.carrier(),
        documents=wiring.documents(),
    )
    return LinkView(url=wiring.documents().link(back.label))


@app.post("/returns/<return_id>/receive")
def receive(return_id: web.Id, count: ReturnCount) -> Return:
    caller = web.caller(app)
    caller.may("warehouse", "agent")
    orders = wiring.orders(caller.name)
    if not caller.sees(orders.get(order_of(return_id)).return_(return_id).location_id):
        raise NotFound("return", return_id)
    order = receive_return(return_id, count.lines, orders=orders, clock=wiring.clock)
    return order.return_(return_id)


@app.post("/returns/<return_id>/refund")
def refund_again(return_id: web.Id) -> Return:
    caller = web.caller(app)
    caller.may("agent")
    order = refund_return(
        return_id,
        orders=wiring.orders(caller.name),
        gateway=wiring.payment_gateway(),
        clock=wiring.clock,
        again=True,
    )
    return order.return_(return_id)


def _visible(order: Order) -> Order:
    """The order, if the caller may know of it."""
    caller = web.caller(app)
    caller.may("storefront", "agent", "customer", "warehouse")
    if caller.role == "customer" and order.customer.customer_id != caller.name:
        raise NotFound("order", order.order_id)
    if caller.role == "storefront" and not caller.sees(order.channel):
        raise NotFound("order", order.order_id)
    if caller.role == "warehouse" and not any(caller.sees(x.location_id) for x in order.shipments):
        raise NotFound("order", order.order_id)
    return order
