"""HTTP: what is made to order → instructions corrected, work orders printed, begun, checked.

Repeats are harmless: by the work order's state, and by the number of pieces scrapped.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from doorstep.domain import making
from doorstep.domain.errors import NotFound
from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.domain.order import Order, order_of
from doorstep.domain.record import Command
from doorstep.ports import Orders
from doorstep.runtime import web, wiring
from doorstep.runtime.views import LinkView, OrderView
from doorstep.usecases import make

app = web.api()
handler = web.entered(app)

Text = Annotated[str, Field(max_length=1000)]
Reason = Annotated[str, Field(min_length=1, max_length=200)]


class Instructions(Command):
    """How the pieces of some lines are to be: line id → name of option → text."""

    lines: dict[str, Annotated[dict[str, Text], Field(max_length=40)]] = Field(
        min_length=1, max_length=500
    )


class Failure(Command):
    """Why pieces did not pass the quality check."""

    reason: Reason


class Scrap(Command):
    """Pieces that were spoiled: all of the work order so far, not only the newest."""

    scrapped: int = Field(ge=1, le=10_000)
    again: bool
    """Made again there; else they are short, and routed elsewhere."""
    reason: Reason


@app.put("/orders/<order_id>/instructions")
def correct_instructions(order_id: web.Id, instructions: Instructions) -> OrderView:
    caller = web.caller(app)
    caller.may("agent")
    order = make.correct_instructions(
        order_id,
        instructions.lines,
        by=caller.name,
        orders=wiring.orders(caller.name),
        catalog=wiring.catalog(),
        clock=wiring.clock,
    )
    return OrderView.of(order)


@app.get("/work-orders/<work_order_id>/document")
def document(work_order_id: web.Id) -> LinkView:
    key = make.put_on_paper(
        work_order_id,
        orders=_own(work_order_id, "agent"),
        catalog=wiring.catalog(),
        documents=wiring.documents(),
        printer=wiring.printer(),
    )
    return LinkView(url=wiring.documents().link(key))


@app.post("/work-orders/<work_order_id>/start")
def start(work_order_id: web.Id) -> FulfillmentOrder:
    order = make.start(work_order_id, orders=_own(work_order_id), clock=wiring.clock)
    return _of(order, work_order_id)


@app.post("/work-orders/<work_order_id>/finish")
def finish(work_order_id: web.Id) -> FulfillmentOrder:
    order = make.finish(work_order_id, orders=_own(work_order_id), clock=wiring.clock)
    return _of(order, work_order_id)


@app.post("/work-orders/<work_order_id>/pass")
def pass_check(work_order_id: web.Id) -> FulfillmentOrder:
    order = make.pass_check(work_order_id, orders=_own(work_order_id), clock=wiring.clock)
    return _of(order, work_order_id)


@app.post("/work-orders/<work_order_id>/fail")
def fail_check(work_order_id: web.Id, failure: Failure) -> FulfillmentOrder:
    order = make.fail_check(
        work_order_id, failure.reason, orders=_own(work_order_id), clock=wiring.clock
    )
    return _of(order, work_order_id)


@app.post("/work-orders/<work_order_id>/scrap")
def scrap(work_order_id: web.Id, spoiled: Scrap) -> FulfillmentOrder:
    order = make.scrap(
        work_order_id,
        spoiled.scrapped,
        spoiled.reason,
        again=spoiled.again,
        orders=_own(work_order_id),
        clock=wiring.clock,
    )
    return _of(order, work_order_id)


def _of(order: Order, work_order_id: str) -> FulfillmentOrder:
    return order.fulfillment_order(work_order_id.rpartition("-")[0])


def _own(key: str, *roles: str) -> Orders:
    """Orders to be written in the caller's name, if the work order is within their scope."""
    caller = web.caller(app)
    caller.may("warehouse", *roles)
    orders = wiring.orders(caller.name)
    work = making.work_on(orders.get(order_of(key)), key)
    if not caller.sees(work.one.location_id):
        raise NotFound("work order", key)
    return orders
