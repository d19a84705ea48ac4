"""Cancel: exactly the open remainder, once, with its stock and its money."""

import pytest

from doorstep.domain.errors import IllegalTransition, PaymentDeclined, ProviderUnavailable
from doorstep.domain.fulfillment import FulfillmentStatus
from doorstep.domain.order import OrderStatus, PaymentState
from doorstep.usecases import ship
from doorstep.usecases.cancel import cancel_order
from tests import builders as a
from tests.shop import Countdown, Killed, Shop, kill


def test_what_is_not_allocated_yet_is_sold_again(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 2))
    order = shop.cancels(order.order_id)
    assert order.status is OrderStatus.CANCELED
    assert order.payment_state is PaymentState.VOIDED
    assert shop.left("MUG") == (5, 0)
    (charge,) = shop.gateway.charges.values()
    assert charge.voided == order.totals.total


def test_what_is_allocated_goes_back_to_its_location(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 2))
    shop.settle()
    shop.cancels(order.order_id)
    shop.settle()
    order = shop.order(order.order_id)
    (one,) = order.fulfillment_orders
    assert one.status is FulfillmentStatus.CANCELED
    assert shop.at("BERLIN", "MUG") == (5, 5, 0)
    assert shop.left("MUG") == (5, 0)
    assert shop.workflow.woken == {one.fulfillment_order_id: "Canceled"}
    with pytest.raises(IllegalTransition):
        shop.packs(one.fulfillment_order_id, a.parcel(L1=2))


def test_cancel_after_partial_ship_compensates_exactly_the_open_remainder_once(shop: Shop) -> None:
    """magento/inventory#1849, #1878, #1881."""
    shop.sells("MUG", "10.00", BERLIN=2, HAMBURG=2)
    order = shop.packed(("MUG", 1), ("MUG", 2))
    berlin, hamburg = order.fulfillment_orders
    shop.ships(berlin.fulfillment_order_id)
    with pytest.raises(IllegalTransition):
        shop.cancels(order.order_id)  # the rest is packed
    order = shop.sold(("MUG", 1), key="cart-2")
    once = shop.cancels(order.order_id)
    assert shop.cancels(order.order_id).version == once.version
    assert shop.left("MUG") == (1, 0)
    assert hamburg.quantity == 1


def test_the_unpacked_half_of_an_order_can_be_canceled(shop: Shop) -> None:
    shop.sells("MUG", "10.00", BERLIN=2, HAMBURG=2)
    order = shop.sold(("MUG", 3))
    near, far = order.fulfillment_orders
    shop.releases(near.fulfillment_order_id)
    shop.packs(near.fulfillment_order_id)
    shop.ships(near.fulfillment_order_id)
    order = shop.cancels(order.order_id)
    assert order.status is OrderStatus.PLACED
    assert (order.lines[0].canceled, order.lines[0].shipped) == (1, 2)
    assert order.fulfillment_order(far.fulfillment_order_id).status is FulfillmentStatus.CANCELED
    assert shop.left("MUG") == (2, 0)
    (charge,) = shop.gateway.charges.values()
    assert (charge.captured, charge.voided) == (a.eur("24.90"), a.eur("10.00"))
    assert order.payment_state is PaymentState.CAPTURED
    shop.says(order.shipments[0].shipment_id, "delivered")
    assert shop.order(order.order_id).status is OrderStatus.CLOSED


def test_money_that_a_packed_parcel_still_needs_is_kept_and_the_rest_given_free_after(
    shop: Shop,
) -> None:
    shop.sells("MUG", "10.00", BERLIN=2, HAMBURG=2)
    order = shop.sold(("MUG", 3))
    near, _ = order.fulfillment_orders
    shop.releases(near.fulfillment_order_id)
    shop.packs(near.fulfillment_order_id)
    shop.cancels(order.order_id)
    (charge,) = shop.gateway.charges.values()
    assert not charge.voided
    shop.ships(near.fulfillment_order_id)
    assert (charge.captured, charge.voided) == (a.eur("24.90"), a.eur("10.00"))
    assert not shop.order(order.order_id).payments[0].capturable


def test_canceling_restocks_and_the_restock_does_not_fill_the_orders_own_backorder(
    shop: Shop,
) -> None:
    """solidus PR#3781."""
    shop.sells("MUG", BERLIN=2)
    order = shop.hears(a.storefront_order(a.sold("1", "MUG", 5)))
    assert order
    shop.settle()
    assert shop.order(order.order_id).lines[0].backordered == 3
    shop.hears_cancellation("820982911946154508")
    shop.settle()
    line = shop.order(order.order_id).lines[0]
    assert (line.canceled, line.backordered, line.allocated) == (5, 0, 0)
    assert shop.left("MUG") == (2, 0)


@pytest.mark.parametrize("calls", range(5))
def test_a_crash_at_any_point_leaves_nothing_reserved_in_the_end(shop: Shop, calls: int) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 2))
    ports = Countdown(calls, kill).watching({"orders": shop.orders, "gateway": shop.gateway})
    try:
        cancel_order(order.order_id, "x", clock=shop.clock, **ports)
    except Killed:
        shop.check()
    if shop.order(order.order_id).status is OrderStatus.PLACED:
        shop.cancels(order.order_id)
    shop.advance(minutes=11)
    shop.expires()
    (charge,) = shop.gateway.charges.values()
    assert charge.voided == order.totals.total
    assert shop.order(order.order_id).payment_state is PaymentState.VOIDED
    assert shop.left("MUG") == (5, 0)


def test_a_held_fulfillment_order_without_money_can_be_canceled_by_nobody_yet(shop: Shop) -> None:
    """Its parcels are packed: somebody has to unpack them first. The issue on money brings that."""
    shop.sells("MUG", BERLIN=5)
    order = shop.packed(("MUG", 2))
    ship.set_aside(
        order.fulfillment_orders[0].fulfillment_order_id, "x", orders=shop.orders, clock=shop.clock
    )
    with pytest.raises(IllegalTransition):
        shop.cancels(order.order_id)


def test_a_void_that_the_provider_refuses_stops_nothing_and_asks_a_person(shop: Shop) -> None:
    """Neither the cancellation nor what is due behind it waits; it is asked for once."""
    shop.sells("MUG", "10.00", BERLIN=2)
    order = shop.sold(("MUG", 1))

    class Lapsed:
        def void(self, payment: object, event: object) -> None:
            del payment, event
            raise PaymentDeclined("the authorization has lapsed")

    fine, shop.gateway = shop.gateway, Lapsed()  # type: ignore[assignment]
    canceled = shop.cancels(order.order_id)
    assert canceled.status is OrderStatus.CANCELED
    assert [item.cause for item in canceled.work_items] == ["void_refused"]
    shop.gateway = fine
    shop.advance(days=1)
    assert shop.expires() == (0, ())


def test_a_void_without_an_answer_is_asked_for_again_by_the_clock(shop: Shop) -> None:
    shop.sells("MUG", "10.00", BERLIN=2)
    order = shop.sold(("MUG", 1))

    class Down:
        def void(self, payment: object, event: object) -> None:
            del payment, event
            raise ProviderUnavailable("down")

    fine, shop.gateway = shop.gateway, Down()  # type: ignore[assignment]
    assert shop.cancels(order.order_id).status is OrderStatus.CANCELED
    shop.gateway = fine
    shop.advance(days=1)
    assert shop.expires() == (1, ())
    assert not shop.order(order.order_id).payments[0].authorized
