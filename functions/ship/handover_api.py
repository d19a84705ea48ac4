"""HTTP: what a store or a vendor hands over → arrived, collected; sent off under a vendor's label.

Repeats are harmless: by the fulfillment order's state, and the same number changes nothing.
"""

from __future__ import annotations

from doorstep.domain.address import Address
from doorstep.domain.errors import Forbidden, NotFound
from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.domain.order import order_of
from doorstep.domain.shipment import Shipment
from doorstep.ports import Orders
from doorstep.runtime import web, wiring
from doorstep.usecases import drop_ship, pickup

app = web.api()
handler = web.entered(app)


@app.post("/fulfillment-orders/<fulfillment_order_id>/arrive")
def arrive(fulfillment_order_id: web.Id) -> FulfillmentOrder:
    orders = _here(fulfillment_order_id)
    order = pickup.arrive(fulfillment_order_id, orders=orders, clock=wiring.clock)
    return order.fulfillment_order(fulfillment_order_id)


@app.post("/fulfillment-orders/<fulfillment_order_id>/collect")
def collect(fulfillment_order_id: web.Id, collection: pickup.Collection) -> FulfillmentOrder:
    if collection.identity and web.caller(app).role == "warehouse":
        raise Forbidden("Only an agent may hand it over without the code.")
    orders = _here(fulfillment_order_id)
    order = pickup.collect(fulfillment_order_id, collection, orders=orders, clock=wiring.clock)
    return order.fulfillment_order(fulfillment_order_id)


@app.get("/fulfillment-orders/<fulfillment_order_id>/recipient")
def show_recipient(fulfillment_order_id: web.Id) -> Address:
    caller = web.caller(app)
    caller.may("warehouse", "agent")
    orders = wiring.orders(caller.name)
    order = orders.get(order_of(fulfillment_order_id))
    if not caller.sees(order.fulfillment_order(fulfillment_order_id).location_id):
        raise NotFound("fulfillment order", fulfillment_order_id)
    return drop_ship.recipient(fulfillment_order_id, orders=orders)


@app.post("/shipments/<shipment_id>/tracking")
def tell_tracking(shipment_id: web.Id, label: drop_ship.VendorLabel) -> Shipment:
    caller = web.caller(app)
    caller.may("warehouse", "agent")
    orders = wiring.orders(caller.name)
    if not caller.sees(orders.get(order_of(shipment_id)).shipment(shipment_id).location_id):
        raise NotFound("shipment", shipment_id)
    order = drop_ship.tell_tracking(
        shipment_id, label, orders=orders, queues=wiring.queues(), clock=wiring.clock
    )
    return order.shipment(shipment_id)


def _here(key: str) -> Orders:
    """Orders to be written in the caller's name, if it is collected where the caller works."""
    caller = web.caller(app)
    caller.may("warehouse", "agent")
    orders = wiring.orders(caller.name)
    one = orders.get(order_of(key)).fulfillment_order(key)
    if one.pickup is None or not caller.sees(one.pickup.location_id):
        raise NotFound("pickup", key)
    return orders
