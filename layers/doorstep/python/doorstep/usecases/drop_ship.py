"""What a vendor ships under its own label: told by the vendor, then tracked like any other parcel.

Two things must have happened before it is on its way: its share is captured, and the vendor has
told where it can be tracked. Whichever comes last hands it over, once.
"""

from __future__ import annotations

from pydantic import Field

from doorstep.domain import shipping
from doorstep.domain.address import Address
from doorstep.domain.capturing import claims, paid_at_storefront
from doorstep.domain.errors import Conflict, IllegalTransition, InvalidCommand, NotFound
from doorstep.domain.fulfillment import OPEN, FulfillmentMethod, FulfillmentStatus
from doorstep.domain.money import total
from doorstep.domain.order import Order, order_of
from doorstep.domain.payment import PaymentOutcome
from doorstep.domain.record import Command
from doorstep.domain.shipment import Shipment
from doorstep.ports import Clock, Orders, Queues

_TRIES = 5


class VendorLabel(Command):
    """The carrier, by the name that its news has, and the number under which it tracks a parcel."""

    carrier: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}$")
    tracking_number: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{3,49}$")


def tell_tracking(
    shipment_id: str, label: VendorLabel, *, orders: Orders, queues: Queues, clock: Clock
) -> Order:
    """A vendor has labeled a parcel; with its last one, if they are paid, all are on their way.

    The same again changes nothing. Raises InvalidCommand for a number that another order's parcel
    has, IllegalTransition for a parcel that is not a vendor's, or has another number already.
    """
    for _ in range(_TRIES):
        order = orders.get(order_of(shipment_id))
        parcel = order.shipment(shipment_id)
        one = order.fulfillment_order(parcel.fulfillment_order_id)
        if (parcel.carrier, parcel.tracking_number) == (label.carrier, label.tracking_number):
            return order
        if one.method is not FulfillmentMethod.DROP_SHIP or parcel.tracking_number:
            state = "labeled already" if parcel.tracking_number else "to be labeled by us"
            raise IllegalTransition(f"shipment {shipment_id}", state, "labeled by a vendor")
        if one.status is not FulfillmentStatus.PACKED:
            raise IllegalTransition(f"shipment {shipment_id}", one.status, "on its way")
        _check_unused(order, label, queues)
        told = shipping.labeled(
            order,
            shipment_id,
            carrier=label.carrier,
            tracking_number=label.tracking_number,
            label="",
        )
        parcels = told.parcels_of(one.fulfillment_order_id)
        if all(x.tracking_number and _paid(told, x) for x in parcels):
            told = shipping.dispatch(told, one.fulfillment_order_id, at=clock())
        try:
            (stored,) = orders.commit(told)
        except Conflict:
            continue
        return stored
    raise Conflict([order_of(shipment_id)])


def recipient(key: str, *, orders: Orders) -> Address:
    """Where a vendor is to send it, for as long as that is its business. Raises NotFound."""
    order = orders.get(order_of(key))
    one = order.fulfillment_order(key)
    theirs = one.method is FulfillmentMethod.DROP_SHIP and one.status in OPEN
    if not theirs or order.shipping_address is None:
        raise NotFound("address for", key)
    return order.shipping_address


def _check_unused(order: Order, label: VendorLabel, queues: Queues) -> None:
    """Raise InvalidCommand where another order's parcel travels under this number."""
    try:
        known = queues.tracked(label.carrier, label.tracking_number)
    except NotFound:
        return
    if known != order.order_id:
        raise InvalidCommand({"tracking_number": "a parcel of another order has this number"})


def _paid(order: Order, parcel: Shipment) -> bool:
    """Whether a parcel's share is captured; what a storefront took was checked when packed."""
    if paid_at_storefront(order):
        packed = total((one.amount for one in order.parcels), order.currency)
        return order.captured >= packed
    taken = (
        event.amount
        for payment in order.payments
        for event in claims(payment, parcel)
        if event.outcome is PaymentOutcome.SUCCEEDED
    )
    return total(taken, order.currency) >= parcel.amount
