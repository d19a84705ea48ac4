"""Orders of every size that is let in, through everything that may happen to them.

The fakes refuse what is more than one transaction takes, as DynamoDB does: whoever gets through
here never changed too much at once.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import ceil

import pytest

from doorstep.adapters.dynamo.orders import CHILDREN
from doorstep.domain.errors import InvalidCommand
from doorstep.domain.order import FulfillmentState, Order, OrderStatus, PaymentState
from doorstep.domain.returning import MAX_LINES as MAX_RETURNED
from doorstep.domain.shipping import MAX_PARCELS, Parcel
from doorstep.usecases.cancel import cancel_order
from doorstep.usecases.cart import WantedLine
from doorstep.usecases.quote import MAX_LINES
from tests import builders as a
from tests.shop import Countdown, Killed, Shop, kill

PLACES = [f"PLACE-{number:02}" for number in range(20)]


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.check()


def stocked(shop: Shop, count: int, places: Sequence[str], units: int = 4) -> list[str]:
    """So many SKUs, each of them at one of the places."""
    skus = [f"SKU-{number:03}" for number in range(count)]
    for number, sku in enumerate(skus):
        shop.sells(sku, "1.00", **{places[number % len(places)]: units})
    return skus


def ordered(shop: Shop, skus: Sequence[str], units: int = 2) -> Order:
    """Checked out where a cart may be so large; from a storefront otherwise."""
    if len(skus) <= MAX_LINES:
        return shop.buys(*((sku, units) for sku in skus))
    lines = (a.sold(str(number), sku, units, "1.00") for number, sku in enumerate(skus, start=1))
    order = shop.hears(a.storefront_order(*lines))
    assert order
    return order


def canceled(shop: Shop, order: Order) -> Order:
    if order.external_id:
        shop.hears_cancellation(order.external_id)
    else:
        shop.cancels(order.order_id)
    return shop.order(order.order_id)


sizes = pytest.mark.parametrize("count", [1, 20, 21, 24, 40, 100, 500])


@pytest.mark.parametrize(
    ("count", "places"),
    [(1, 1), (20, 1), (21, 1), (24, 2), (40, 1), (40, 20), (100, 20), (500, 1), (500, 20)],
)
def test_what_is_sold_is_allocated_and_canceled(shop: Shop, count: int, places: int) -> None:
    order = ordered(shop, stocked(shop, count, PLACES[:places]))
    shop.settle()
    order = shop.order(order.order_id)
    assert order.fulfillment_state is FulfillmentState.ALLOCATED
    assert len(order.fulfillment_orders) == places * ceil(count / places / 20)
    assert canceled(shop, order).status is OrderStatus.CANCELED
    assert all(shop.left(line.sku or "") == (4, 0) for line in order.lines)


@sizes
def test_what_is_held_is_canceled(shop: Shop, count: int) -> None:
    """Every place has failed, so that all of it waits."""
    order = ordered(shop, stocked(shop, count, PLACES[:1]))
    shop.settle()
    for one in shop.order(order.order_id).fulfillment_orders:
        shop.rejects(one.fulfillment_order_id)
    shop.settle()
    order = shop.order(order.order_id)
    assert order.fulfillment_state is FulfillmentState.UNALLOCATED
    assert len(order.model_dump_json(exclude=set(CHILDREN))) < 400_000
    assert canceled(shop, order).status is OrderStatus.CANCELED


@pytest.mark.parametrize("calls", range(6))
def test_a_cancellation_in_steps_that_dies_on_the_way_is_repeated(shop: Shop, calls: int) -> None:
    order = ordered(shop, stocked(shop, MAX_LINES, PLACES[:1]))
    shop.settle()
    countdown = Countdown(calls, kill)
    with suppress(Killed):
        cancel_order(
            order.order_id,
            "changed my mind",
            **countdown.watching({"orders": shop.orders, "gateway": shop.gateway}),
            clock=shop.clock,
        )
    shop.settle()
    assert canceled(shop, order).status is OrderStatus.CANCELED
    shop.advance(minutes=11)
    shop.expires()
    assert all(shop.left(line.sku or "") == (4, 0) for line in order.lines)
    assert shop.order(order.order_id).payment_state is PaymentState.VOIDED


@pytest.mark.parametrize("count", [1, 24, 40, 100])
def test_what_is_missing_is_found_elsewhere_and_delivered_and_returned(
    shop: Shop, count: int
) -> None:
    skus = stocked(shop, count, ["BERLIN"])
    for sku in skus:
        shop.gets(sku, HAMBURG=4)
    order = ordered(shop, skus)
    shop.settle()
    first = shop.order(order.order_id).fulfillment_orders
    for number, one in enumerate(first):
        if number % 2:
            shop.rejects(one.fulfillment_order_id)
        else:
            missing = {f"L{part.line_id}": part.quantity for part in one.lines}
            shop.misses(one.fulfillment_order_id, **missing)
    shop.settle()
    for one in shop.order(order.order_id).fulfillment_orders[len(first) :]:
        shop.packs(one.fulfillment_order_id)
    shop.settle()
    for shipment in shop.order(order.order_id).shipments:
        shop.says(shipment.shipment_id, "delivered")
    shop.settle()
    order = shop.order(order.order_id)
    assert order.fulfillment_state is FulfillmentState.DELIVERED
    wanted = [a.back(line.line_id, 2) for line in order.lines[:MAX_RETURNED]]
    back = shop.wants_back(order.order_id, *wanted)
    shop.counts(back.return_id, **{f"L{item.line_id}": (2, 1) for item in wanted})
    shop.settle()


def test_a_storefront_order_that_no_row_can_keep_is_refused(shop: Shop) -> None:
    text = {"engraving": "For Ada " * 30}
    lines = [a.sold(str(number), None, 1, "1.00", instructions=text) for number in range(500)]
    with pytest.raises(InvalidCommand, match="350,000 at the most"):
        shop.hears(a.storefront_order(*lines))


def test_a_cart_that_no_row_can_keep_is_refused(shop: Shop) -> None:
    options = tuple(f"option {number}" for number in range(20))
    shop.catalog.save(a.product("PEN", options=options))
    shop.gets("PEN", BERLIN=50)
    line = WantedLine(sku="PEN", quantity=1, instructions=dict.fromkeys(options, "x" * 500))
    with pytest.raises(InvalidCommand, match="bytes in all"):
        shop.check_out(a.cart(lines=(line,) * MAX_LINES))
    assert shop.left("PEN") == (50, 0)


def test_the_largest_fulfillment_order_leaves_in_as_many_parcels_as_it_may(shop: Shop) -> None:
    order = ordered(shop, stocked(shop, MAX_LINES, ["BERLIN"], units=5), units=5)
    shop.settle()
    order = shop.order(order.order_id)
    one = max(order.fulfillment_orders, key=lambda found: len(found.lines))
    units = [part.line_id for part in one.lines for _ in range(part.quantity)]
    boxes = [{line_id: 1} for line_id in units[: MAX_PARCELS - 1]]
    rest = units[MAX_PARCELS - 1 :]
    boxes.append({line_id: rest.count(line_id) for line_id in rest})
    parcels = [Parcel(lines=box, weight_grams=100) for box in boxes]
    shop.packs(one.fulfillment_order_id, *parcels)
    shop.settle()
    left = shop.order(order.order_id)
    assert [bool(s.shipped_at) for s in left.shipments] == [True] * MAX_PARCELS
    for shipment in left.shipments:
        shop.says(shipment.shipment_id, "delivered")
