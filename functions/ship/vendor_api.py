"""HTTP: what a vendor ships → where to, and where it is tracked from then on.

Repeats are harmless: the same number again changes nothing.
"""

from __future__ import annotations

from doorstep.domain.address import Address
from doorstep.domain.errors import NotFound
from doorstep.domain.order import order_of
from doorstep.domain.shipment import Shipment
from doorstep.runtime import web, wiring
from doorstep.usecases import drop_ship

app = web.api()
handler = web.entered(app)


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
