"""Refill: goods that arrive go to the orders that wait, the oldest first."""

from doorstep.domain.order import Order, OrderStatus
from doorstep.usecases.allocate import Allocated
from tests import builders as a
from tests.shop import Shop


def run(shop: Shop, limit: int = 100) -> Allocated:
    return shop.refills(limit)


def waits(shop: Shop, number: int, sku: str = "MUG", units: int = 1) -> Order:
    """An order that a storefront has sold without having the goods."""
    shop.clock.advance(minutes=1)
    order = shop.hears(a.storefront_order(a.sold("1", sku, units), external_id=str(number)))
    assert order
    return order


def missing(shop: Shop, order: Order) -> int:
    return shop.order(order.order_id).line("1").backordered


def test_arriving_stock_fills_the_oldest_order_first(shop: Shop) -> None:
    shop.sells("MUG")
    first, second, third = (waits(shop, number) for number in (9, 5, 7))
    shop.gets("MUG", BERLIN=2)
    run(shop)
    assert [missing(shop, order) for order in (first, second, third)] == [0, 0, 1]
    assert shop.at("BERLIN", "MUG") == (2, 0, 2)


def test_who_was_not_filled_waits_on(shop: Shop) -> None:
    shop.sells("MUG")
    first, second = waits(shop, 1, units=3), waits(shop, 2)
    shop.gets("MUG", BERLIN=2)
    run(shop)
    assert [missing(shop, order) for order in (first, second)] == [1, 1]
    shop.gets("MUG", BERLIN=2)
    run(shop)
    assert [missing(shop, order) for order in (first, second)] == [0, 0]
    assert list(shop.queues.waiting()) == []


def test_the_stock_of_a_canceled_order_does_not_fill_its_own_lines(shop: Shop) -> None:
    """solidus PR#3781."""
    shop.sells("MUG", BERLIN=1)
    canceled, next_one = waits(shop, 1, units=2), waits(shop, 2)
    shop.cancels(canceled.order_id)
    run(shop)
    assert shop.order(canceled.order_id).status is OrderStatus.CANCELED
    assert missing(shop, next_one) == 0
    assert shop.left("MUG") == (0, 0)


def test_an_order_that_nothing_has_arrived_for_is_not_read(shop: Shop) -> None:
    shop.sells("MUG")
    shop.sells("CUP")
    waits(shop, 1, "CUP")
    order = waits(shop, 2, "MUG")
    shop.gets("MUG", BERLIN=1)
    assert run(shop, limit=1).done == (order.order_id,)


def test_an_order_on_hold_does_not_wait_in_line(shop: Shop) -> None:
    shop.sells("MUG")
    sold = a.storefront_order(a.sold("1", "MUG"), paid="0.00")
    assert shop.hears(sold)
    assert list(shop.queues.waiting()) == []


def test_a_short_pick_is_refilled(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=1)
    order = shop.sold(("MUG", 1))
    shop.releases(f"{order.order_id}-F1")
    shop.misses(f"{order.order_id}-F1", L1=1)
    assert [one.skus for one in shop.queues.waiting()] == [("MUG",)]
    shop.gets("MUG", HAMBURG=1)
    run(shop)
    assert missing(shop, order) == 0
