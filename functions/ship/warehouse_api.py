"""HTTP: a location's work → listed, accepted, packed, rejected, short; retried, unpacked, moved.

Repeats are harmless: by the fulfillment order's state.
"""

from __future__ import annotations

from pydantic import Field

from doorstep.domain.errors import NotFound
from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.domain.order import Order, order_of
from doorstep.domain.record import Command
from doorstep.domain.shipping import MAX_PARCELS, Parcel
from doorstep.ports import Orders
from doorstep.runtime import web, wiring
from doorstep.runtime.views import FulfillmentOrderPage, LinkView
from doorstep.usecases import rerouting, ship

app = web.api()
handler = web.entered(app)


class Packing(Command):
    """All parcels of a fulfillment order."""

    parcels: tuple[Parcel, ...] = Field(min_length=1, max_length=MAX_PARCELS)


class Rejection(Command):
    """Why a location will not ship it."""

    reason: str = Field(min_length=1, max_length=200)


class ShortPick(Command):
    """Units that could not be found, by line."""

    missing: dict[str, int] = Field(min_length=1, max_length=500)


@app.get("/locations/<location_id>/fulfillment-orders")
def list_work(
    location_id: web.Name, limit: web.Limit = 50, after: web.After = None
) -> FulfillmentOrderPage:
    caller = web.caller(app)
    caller.may("warehouse", "agent")
    if not caller.sees(location_id):
        raise NotFound("location", location_id)
    found, cursor = wiring.queues().fulfillment_orders(location_id, limit, after)
    return FulfillmentOrderPage(fulfillment_orders=tuple(found), after=cursor)


@app.post("/fulfillment-orders/<fulfillment_order_id>/accept")
def accept(fulfillment_order_id: web.Id) -> FulfillmentOrder:
    return ship.accept(fulfillment_order_id, orders=_own(fulfillment_order_id)).fulfillment_order(
        fulfillment_order_id
    )


@app.post("/fulfillment-orders/<fulfillment_order_id>/pack")
def pack(fulfillment_order_id: web.Id, packing: Packing) -> FulfillmentOrder:
    order = ship.pack(
        fulfillment_order_id, packing.parcels, orders=_own(fulfillment_order_id), clock=wiring.clock
    )
    return order.fulfillment_order(fulfillment_order_id)


@app.post("/fulfillment-orders/<fulfillment_order_id>/reject")
def reject(fulfillment_order_id: web.Id, rejection: Rejection) -> FulfillmentOrder:
    return ship.reject(
        fulfillment_order_id, rejection.reason, orders=_own(fulfillment_order_id)
    ).fulfillment_order(fulfillment_order_id)


@app.post("/fulfillment-orders/<fulfillment_order_id>/short")
def report_short(fulfillment_order_id: web.Id, short: ShortPick) -> FulfillmentOrder:
    return ship.report_short(
        fulfillment_order_id, short.missing, orders=_own(fulfillment_order_id)
    ).fulfillment_order(fulfillment_order_id)


@app.post("/fulfillment-orders/<fulfillment_order_id>/retry")
def retry(fulfillment_order_id: web.Id) -> FulfillmentOrder:
    web.caller(app).may("agent")
    return ship.retry(
        fulfillment_order_id, orders=_own(fulfillment_order_id, "agent")
    ).fulfillment_order(fulfillment_order_id)


@app.post("/fulfillment-orders/<fulfillment_order_id>/unpack")
def unpack(fulfillment_order_id: web.Id) -> FulfillmentOrder:
    web.caller(app).may("agent")
    return ship.unpack(
        fulfillment_order_id, orders=_own(fulfillment_order_id, "agent")
    ).fulfillment_order(fulfillment_order_id)


@app.post("/fulfillment-orders/<fulfillment_order_id>/move")
def move(fulfillment_order_id: web.Id, command: rerouting.Move) -> FulfillmentOrder:
    web.caller(app).may("agent")
    order = rerouting.move(
        fulfillment_order_id,
        command,
        orders=_own(fulfillment_order_id, "agent"),
        stock=wiring.stock(),
        catalog=wiring.catalog(),
        clock=wiring.clock,
    )
    return order.fulfillment_order(fulfillment_order_id)


@app.get("/shipments/<shipment_id>/label")
def label(shipment_id: web.Id) -> LinkView:
    order = _visible(wiring.orders().get(order_of(shipment_id)), shipment_id)
    shipment = order.shipment(shipment_id)
    if not shipment.label:
        raise NotFound("label of shipment", shipment_id)
    return LinkView(url=wiring.documents().link(shipment.label))


def _own(key: str, *roles: str) -> Orders:
    """Orders to be written in the caller's name, if the fulfillment order is within the caller's
    scope.
    """
    caller = web.caller(app)
    caller.may("warehouse", *roles)
    orders = wiring.orders(caller.name)
    if caller.scope and not caller.sees(
        orders.get(order_of(key)).fulfillment_order(key).location_id
    ):
        raise NotFound("fulfillment order", key)
    return orders


def _visible(order: Order, shipment_id: str) -> Order:
    caller = web.caller(app)
    caller.may("warehouse", "agent")
    if not caller.sees(order.shipment(shipment_id).location_id):
        raise NotFound("shipment", shipment_id)
    return order
