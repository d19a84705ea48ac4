"""Orders that are owed goods: arriving stock fills the oldest first, and nobody else takes it."""

from datetime import timedelta

from doorstep.domain.order import Order
from doorstep.domain.work import WorkItemStatus
from doorstep.usecases.cart import Buyer
from doorstep.usecases.products import settle_room
from tests import builders as a
from tests.shop import Shop

MALLORY = Buyer(email="m@example.org", name="Mallory")


def bought(shop: Shop, number: int, units: int = 1, **more: object) -> Order:
    """An order of a minute after the last one, as far as it can be allocated."""
    shop.advance(minutes=1)
    return shop.sold(("MUG", units), key=f"cart-{number}", **more)


def stands(shop: Shop, *orders: Order) -> list[tuple[int, int]]:
    """(allocated, owed) of each order."""
    lines = [shop.order(order.order_id).line("1") for order in orders]
    return [(line.allocated, line.owed) for line in lines]


# --- who is owed goods ----------------------------------------------------------------------------


def test_what_is_sold_beyond_the_stock_waits_in_line_and_nobody_is_asked_about_it(
    shop: Shop,
) -> None:
    shop.saves(a.backordered())
    order = bought(shop, 1)
    assert stands(shop, order) == [(0, 1)]
    assert [(one.skus, one.owed) for one in shop.queues.waiting()] == [((), ("MUG",))]
    assert order.retry_at is None
    assert not order.work_items
    assert "order.backordered" in shop.heard(order.order_id)


def test_a_unit_on_the_shelf_is_for_the_order_that_was_promised_it(shop: Shop) -> None:
    """Also where the one that was sold beyond the stock is allocated first."""
    shop.saves(a.backordered())
    shop.gets("MUG", BERLIN=1)
    promised, beyond = shop.buys(("MUG", 1)), shop.buys(("MUG", 1), key="cart-2")
    shop.allocates(beyond.order_id)
    shop.refills()
    assert stands(shop, promised, beyond) == [(0, 0), (0, 1)]
    shop.allocates(promised.order_id)
    assert stands(shop, promised, beyond) == [(1, 0), (0, 1)]


def test_a_unit_that_is_lost_from_the_shelf_is_owed(shop: Shop) -> None:
    shop.saves(a.backordered())
    shop.gets("MUG", BERLIN=1)
    order = shop.buys(("MUG", 1))
    shop.stock.move(a.lost("MUG", "BERLIN", 1))
    shop.allocates(order.order_id)
    assert stands(shop, order) == [(0, 1)]
    shop.gets("MUG", BERLIN=1)
    shop.refills()
    assert stands(shop, order) == [(1, 0)]


def test_a_storefront_sells_beyond_the_stock_too(shop: Shop) -> None:
    shop.saves(a.backordered(cap=2))
    order = shop.hears(a.storefront_order(a.sold("1", "MUG", 3)))
    assert order
    line = order.line("1")
    assert (line.owed, line.backordered) == (2, 1), "one is a shortage, beyond the cap"


def test_units_that_were_not_found_are_held_anew_and_owed(shop: Shop) -> None:
    shop.saves(a.backordered())
    shop.gets("MUG", BERLIN=1)
    order = bought(shop, 1)
    shop.releases(f"{order.order_id}-F1")
    shop.misses(f"{order.order_id}-F1", L1=1)
    shop.allocates(order.order_id)
    assert stands(shop, order) == [(0, 1)]


# --- who gets them --------------------------------------------------------------------------------


def test_arriving_stock_fills_the_oldest_backorder_first(shop: Shop) -> None:
    shop.saves(a.backordered(cap=9))
    orders = [bought(shop, number) for number in (7, 3, 5)]
    shop.gets("MUG", BERLIN=2)
    shop.refills()
    assert stands(shop, *orders) == [(1, 0), (1, 0), (0, 1)]


def test_a_new_checkout_does_not_take_goods_that_older_orders_wait_for(shop: Shop) -> None:
    shop.saves(a.backordered(cap=9))
    old = bought(shop, 1, units=2)
    shop.gets("MUG", BERLIN=2)
    new = bought(shop, 2)
    assert new.promise
    assert new.promise.goods_at, "what has come is spoken for"
    assert stands(shop, old, new) == [(0, 2), (0, 1)]
    shop.refills()
    assert stands(shop, old, new) == [(2, 0), (0, 1)]


def test_the_oldest_gets_what_has_come_and_waits_on_for_the_rest(shop: Shop) -> None:
    shop.saves(a.backordered(cap=9))
    old, new = bought(shop, 1, units=3), bought(shop, 2)
    shop.gets("MUG", BERLIN=2)
    shop.refills()
    assert stands(shop, old, new) == [(2, 1), (0, 1)]


def test_a_canceled_backorder_is_not_filled_with_what_it_gives_back(shop: Shop) -> None:
    """solidus PR#3781: the restock serves the next in line."""
    shop.saves(a.backordered(cap=9))
    canceled, next_one = bought(shop, 1, units=2), bought(shop, 2)
    shop.gets("MUG", BERLIN=1)
    shop.refills()
    assert stands(shop, canceled, next_one) == [(1, 1), (0, 1)]
    shop.cancels(canceled.order_id)
    assert stands(shop, canceled) == [(0, 0)]
    shop.refills()
    assert stands(shop, next_one) == [(1, 0)]
    assert shop.left("MUG") == (9, 0)


def test_goods_that_the_oldest_cannot_have_go_to_the_next(shop: Shop) -> None:
    """They lie where somebody has refused the older order."""
    shop.saves(a.backordered(cap=9))
    shop.gets("MUG", BERLIN=1)
    old = bought(shop, 1)
    shop.releases(f"{old.order_id}-F1")
    shop.misses(f"{old.order_id}-F1", L1=1)
    shop.allocates(old.order_id)
    new = bought(shop, 2)
    shop.gets("MUG", BERLIN=1)
    shop.refills()
    assert stands(shop, old, new) == [(0, 1), (1, 0)]


def test_an_order_on_hold_is_not_filled_and_keeps_its_place(shop: Shop) -> None:
    shop.saves(a.backordered(cap=9))
    held = bought(shop, 1, customer=MALLORY)
    new = bought(shop, 2)
    assert [one.order_id for one in shop.queues.waiting()] == [new.order_id]
    shop.releases_hold(held.order_id, "review")
    assert [one.order_id for one in shop.queues.waiting()] == [held.order_id, new.order_id]


def test_who_was_not_filled_costs_nothing_while_nothing_comes(shop: Shop) -> None:
    shop.saves(a.backordered(cap=9))
    bought(shop, 1)
    assert shop.refills().done == ()


def test_a_unit_for_one_is_not_tried_by_all(shop: Shop) -> None:
    shop.saves(a.backordered(cap=9))
    first, *_ = (bought(shop, number) for number in range(4))
    shop.gets("MUG", BERLIN=1)
    assert shop.refills().done == (first.order_id,)


# --- preorders ------------------------------------------------------------------------------------


def test_preordered_goods_do_not_leave_before_their_release(shop: Shop) -> None:
    shop.saves(a.preordered(cap=3))
    order = bought(shop, 1)
    shop.gets("MUG", BERLIN=3)
    shop.refills()
    late = bought(shop, 2)
    assert stands(shop, order, late) == [(0, 1), (0, 1)]
    assert not shop.order(order.order_id).work_items
    shop.clock.now = a.NOW + timedelta(days=20)
    shop.refills()
    assert stands(shop, order, late) == [(1, 0), (1, 0)]


def test_an_order_follows_a_release_that_is_put_off(shop: Shop) -> None:
    shop.saves(a.preordered())
    order = bought(shop, 1)
    shop.gets("MUG", BERLIN=1)
    shop.saves(a.preordered(release_at=a.NOW + timedelta(days=40)))
    shop.clock.now = a.NOW + timedelta(days=30)
    shop.refills()
    assert stands(shop, order) == [(0, 1)]
    shop.clock.now = a.NOW + timedelta(days=40)
    shop.refills()
    assert stands(shop, order) == [(1, 0)]


def test_the_rest_of_a_cart_goes_ahead_of_a_preorder(shop: Shop) -> None:
    shop.sells("CUP", BERLIN=1)
    shop.saves(a.preordered())
    order = shop.sold(("CUP", 1), ("MUG", 1))
    assert [line.allocated for line in order.lines] == [1, 0]
    assert not [x for x in order.work_items if x.status is WorkItemStatus.OPEN]


def test_a_long_life_of_a_preorder_leaves_no_room_behind(shop: Shop) -> None:
    shop.saves(a.preordered(cap=3))
    orders = [bought(shop, number) for number in range(2)]
    shop.clock.now = a.NOW + timedelta(days=20)
    shop.gets("MUG", BERLIN=4)
    shop.refills()
    settle_room(["MUG"], catalog=shop.catalog, stock=shop.stock, clock=shop.clock)
    assert stands(shop, *orders) == [(1, 0), (1, 0)]
    levels = shop.stock.levels(["MUG"])["MUG"]
    assert (levels.available, levels.held, levels.owed, levels.room) == (2, 0, 0, 0)
