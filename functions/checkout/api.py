"""HTTP: orders → placed, shown, released, canceled.

Repeats are harmless: the order's id comes from the idempotency key.
"""

from __future__ import annotations

from http import HTTPStatus

from pydantic import Field

from doorstep.domain import placing
from doorstep.domain.errors import NotFound
from doorstep.domain.events import OrderRouted
from doorstep.domain.order import order_of
from doorstep.domain.promise_ledger import promise_ledger
from doorstep.domain.record import Command
from doorstep.domain.work_items import close_work_item as close
from doorstep.runtime import web, wiring
from doorstep.runtime.settings import settings
from doorstep.runtime.views import OrderView, RoutingView, WorkItemPage
from doorstep.usecases.cancel import cancel_order
from doorstep.usecases.cart import Checkout
from doorstep.usecases.checkout import check_out
from doorstep.usecases.retry import request_allocation

app = web.api()
handler = web.entered(app)


class Cancellation(Command):
    """Why an order is canceled."""

    reason: str = Field(min_length=1, max_length=200)
    force: bool = False
    """Scrap what is being made, too; only an agent may."""


@app.post(
    "/orders", responses={200: {"description": "Placed before"}, 201: {"description": "Placed"}}
)
def place_order(checkout: Checkout, key: web.IdempotencyKey) -> web.Response[OrderView]:
    caller = web.caller(app)
    caller.may("storefront", "agent", "customer")
    if caller.role == "customer":
        checkout, key = checkout.bought_by(caller.name), f"{caller.name}/{key}"
    if not caller.sees(checkout.channel):
        raise NotFound("channel", checkout.channel)
    order, created = check_out(
        checkout,
        key,
        orders=wiring.orders(caller.name),
        catalog=wiring.catalog(),
        stock=wiring.stock(),
        gateway=wiring.payment_gateway(),
        payment_methods=wiring.payment_methods(),
        tax=wiring.tax_engine(),
        fraud=wiring.fraud_screen(),
        clock=wiring.clock,
        ttl_seconds=settings().checkout_ttl_seconds,
    )
    view = _for_caller(OrderView.of(order))
    return web.answer(view, HTTPStatus.CREATED if created else HTTPStatus.OK)


@app.get("/orders/<order_id>")
def show_order(order_id: web.Id) -> OrderView:
    orders = wiring.orders()
    order = web.caller(app).shown(orders.get(order_id))
    ledger = promise_ledger(order, at=wiring.clock())
    return _for_caller(OrderView.of(order, tuple(orders.timeline(order_id)), ledger))


@app.get("/orders/<order_id>/routing")
def show_routing(order_id: web.Id) -> list[RoutingView]:
    web.caller(app).may("agent")
    orders = wiring.orders()
    orders.get(order_id)
    timeline = orders.timeline(order_id)
    return [RoutingView.of(item) for item in timeline if item.name == OrderRouted.name]


@app.post("/orders/<order_id>/cancel")
def cancel(order_id: web.Id, cancellation: Cancellation) -> OrderView:
    caller = web.caller(app)
    caller.may("storefront", "agent", "customer")
    if cancellation.force:
        caller.may("agent")
    orders = wiring.orders(caller.name)
    caller.shown(orders.get(order_id))
    order = cancel_order(
        order_id,
        cancellation.reason,
        orders=orders,
        gateway=wiring.payment_gateway(),
        clock=wiring.clock,
        force=cancellation.force,
    )
    return _for_caller(OrderView.of(order))


@app.post("/orders/<order_id>/allocate")
def allocate(order_id: web.Id) -> OrderView:
    caller = web.caller(app)
    caller.may("agent")
    orders = wiring.orders(caller.name)
    order = request_allocation(order_id, by=caller.name, orders=orders, clock=wiring.clock)
    return OrderView.of(order)


@app.post("/orders/<order_id>/holds/<hold_id>/release")
def release_hold(order_id: web.Id, hold_id: web.Name) -> OrderView:
    caller = web.caller(app)
    caller.may("agent")
    orders = wiring.orders(caller.name)
    released = placing.release_hold(
        orders.get(order_id), hold_id, by=caller.name, at=wiring.clock()
    )
    (order,) = orders.commit(released)
    return OrderView.of(order)


@app.get("/work-items")
def work_items(limit: web.Limit = 50, after: web.After = None) -> WorkItemPage:
    web.caller(app).may("agent")
    found, cursor = wiring.queues().work_items(limit, after)
    return WorkItemPage(work_items=tuple(found), after=cursor)


@app.post("/work-items/<work_item_id>/close")
def close_work_item(work_item_id: web.Id) -> OrderView:
    caller = web.caller(app)
    caller.may("agent")
    orders = wiring.orders(caller.name)
    order = orders.get(order_of(work_item_id))
    closed = close(order, work_item_id, by=caller.name, at=wiring.clock())
    (order,) = orders.commit(closed)
    return OrderView.of(order)


def _for_caller(view: OrderView) -> OrderView:
    return view.for_customer() if web.caller(app).role == "customer" else view
