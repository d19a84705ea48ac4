"""HTTP: returns → approved with a label, shown, received.

Repeats are harmless: by what is requested and counted already.
"""

from __future__ import annotations

from http import HTTPStatus

from pydantic import Field

from doorstep.domain.errors import NotFound
from doorstep.domain.order import order_of
from doorstep.domain.record import Command
from doorstep.domain.refunds import RefundRule
from doorstep.domain.returning import MAX_LINES, ReceivedUnits, WantedReturn
from doorstep.domain.returns import Return
from doorstep.runtime import web, wiring
from doorstep.runtime.settings import settings
from doorstep.runtime.views import LinkView
from doorstep.usecases.refund import refund_return
from doorstep.usecases.returns import cancel_return, label_return, receive_return, request_return

app = web.api()
handler = web.entered(app)


class ReturnRequest(Command):
    """What a customer wants to send back."""

    lines: tuple[WantedReturn, ...] = Field(min_length=1, max_length=MAX_LINES)


class ReturnCount(Command):
    """What really came, by line; a line left out did not come."""

    lines: dict[str, ReceivedUnits] = Field(max_length=MAX_LINES)


@app.post("/orders/<order_id>/returns", responses=web.CREATED)
def request(
    order_id: web.Id, wanted: ReturnRequest, key: web.IdempotencyKey
) -> web.Response[Return]:
    web.caller(app).shown(wiring.orders().get(order_id))
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
    return _shown(return_id)


@app.get("/returns/<return_id>/label")
def label(return_id: web.Id) -> LinkView:
    _shown(return_id)
    back = label_return(
        return_id,
        orders=wiring.orders(web.caller(app).name),
        catalog=wiring.catalog(),
        carrier=wiring.carrier(),
        documents=wiring.documents(),
    )
    if not back.label:
        raise NotFound("label of return", return_id)
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


@app.post("/returns/<return_id>/cancel")
def cancel(return_id: web.Id) -> Return:
    caller = web.caller(app)
    caller.shown(wiring.orders().get(order_of(return_id)))
    return cancel_return(return_id, orders=wiring.orders(caller.name))


@app.post("/returns/<return_id>/refund")
def refund_again(return_id: web.Id) -> Return:
    caller = web.caller(app)
    caller.may("agent")
    order = refund_return(
        return_id,
        orders=wiring.orders(caller.name),
        gateway=wiring.payment_gateway(),
        clock=wiring.clock,
        rule=RefundRule(settings().refund_rule),
        again=True,
    )
    return order.return_(return_id)


def _shown(return_id: str) -> Return:
    """The return, if the caller may know of it: also to the place that it goes to."""
    caller = web.caller(app)
    order = wiring.orders().get(order_of(return_id))
    back = order.return_(return_id)
    if caller.role != "warehouse":
        caller.shown(order)
    elif not caller.sees(back.location_id):
        raise NotFound("return", return_id)
    return back
