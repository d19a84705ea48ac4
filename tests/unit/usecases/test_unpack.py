"""Out of the box again: what is packed and cannot be paid is taken apart, then packed anew or
canceled.
"""

from __future__ import annotations

import pytest

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain.errors import CaptureDeclined, IllegalTransition, PaymentOutcomeUnknown
from doorstep.domain.money import total
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.shipment import ShipmentStatus
from tests import builders as a
from tests.shop import Shop


def unpaid(shop: Shop, *lines: tuple[str, int]) -> tuple[Order, str]:
    """An order whose first fulfillment order is on hold: its card will not be captured."""
    order = shop.packed(*lines, token=Token.CAPTURE_DECLINE)
    key = order.fulfillment_orders[0].fulfillment_order_id
    with pytest.raises(CaptureDeclined):
        shop.captures(key)
    return shop.order(order.order_id), key


def pays(shop: Shop, order: Order) -> None:
    """The customer's card is good again."""
    order = shop.order(order.order_id)
    better = order.payments[0].model_copy(update={"token": Token.APPROVE})
    shop.orders.commit(order.with_payment(better))


def test_what_cannot_be_paid_is_unpacked_canceled_and_restocked(shop: Shop) -> None:
    """Hold, tell the customer, retry, then cancel and restock."""
    shop.sells("MUG", BERLIN=5)
    order, key = unpaid(shop, ("MUG", 2))
    with pytest.raises(IllegalTransition, match="packed already"):
        shop.cancels(order.order_id)
    for _ in range(2):
        order = shop.unpacks(key)
    assert [parcel.status for parcel in order.shipments] == [ShipmentStatus.CANCELED]
    assert not order.lines[0].settled_units
    assert not order.lines[0].settled
    assert shop.heard(order.order_id).count("fulfillment_order.unpacked") == 1
    shop.check()
    order = shop.cancels(order.order_id)
    assert order.status is OrderStatus.CANCELED
    assert order.payments[0].voided == order.totals.total
    assert shop.at("BERLIN", "MUG") == (5, 5, 0)
    assert shop.left("MUG") == (5, 0)
    shop.check()


def test_what_was_unpacked_is_released_packed_and_paid_anew(shop: Shop) -> None:
    """Other boxes, other shares: together they are the order again, to the cent."""
    shop.sells("MUG", "3.33", BERLIN=5)
    order, key = unpaid(shop, ("MUG", 3))
    shop.unpacks(key)
    pays(shop, order)
    shop.retries(key)
    shop.releases(key)
    order = shop.packs(key, a.parcel(L1=1), a.parcel(L1=2))
    assert [parcel.shipment_id for parcel in order.parcels] == [f"{key}-P2", f"{key}-P3"]
    assert total((parcel.amount for parcel in order.parcels), "EUR") == order.totals.total
    order = shop.ships(key)
    assert order.captured == order.totals.total
    for parcel in order.parcels:
        shop.says(parcel.shipment_id, "delivered")
    assert shop.order(order.order_id).status is OrderStatus.CLOSED
    shop.check()


def test_delivery_is_charged_once_whoever_is_packed_again(shop: Shop) -> None:
    """The first parcel carried it; the second location's parcel was packed meanwhile."""
    shop.sells("MUG", "10.00", BERLIN=2, HAMBURG=2)
    order, key = unpaid(shop, ("MUG", 3))
    shop.unpacks(key)
    pays(shop, order)
    shop.retries(key)
    shop.releases(key)
    order = shop.packs(key)
    once = order.totals.shipping + order.totals.fees
    assert total((parcel.order_amount for parcel in order.parcels), "EUR") == once
    for one in order.fulfillment_orders:
        shop.ships(one.fulfillment_order_id)
    assert shop.order(order.order_id).captured == order.totals.total
    shop.check()


def test_a_paid_parcel_is_not_unpacked(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    shop.carrier.down = True
    order = shop.packed(("MUG", 2))
    shop.settle()
    key = order.fulfillment_orders[0].fulfillment_order_id
    assert shop.fulfillment_order(key).status == "exception"
    with pytest.raises(IllegalTransition, match="paid, at least in part"):
        shop.unpacks(key)


def test_a_parcel_that_may_be_paid_is_not_unpacked(shop: Shop) -> None:
    """The provider did not answer: only a retry finds out."""
    shop.sells("MUG", BERLIN=5)
    order = shop.packed(("MUG", 2), token=Token.CAPTURE_TIMEOUT_AFTER)
    key = order.fulfillment_orders[0].fulfillment_order_id
    with pytest.raises(PaymentOutcomeUnknown):
        shop.captures(key)
    shop.sets_aside(key)
    with pytest.raises(IllegalTransition, match="paid, at least in part"):
        shop.unpacks(key)


def test_what_is_on_its_way_through_the_workflow_is_not_unpacked(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.packed(("MUG", 2))
    with pytest.raises(IllegalTransition, match="packed; it cannot become unpacked"):
        shop.unpacks(order.fulfillment_orders[0].fulfillment_order_id)
