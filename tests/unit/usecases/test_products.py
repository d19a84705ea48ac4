"""Terms of products: what may be sold beyond the stock, when it is promised, and where it ends."""

from datetime import timedelta
from typing import Any

import pytest

from doorstep.domain.availability import Availability, StockState
from doorstep.domain.catalog import Backorder
from doorstep.domain.errors import OutOfStock
from doorstep.usecases.availability import Offer, WantedProduct, offer_product
from doorstep.usecases.products import settle_room
from tests import builders as a
from tests.shop import Countdown, Shop


def offer(shop: Shop, sku: str = "MUG", quantity: int = 1, **ports: Any) -> Offer:
    wanted = WantedProduct(sku=sku, quantity=quantity, country="DE")
    common: dict[str, Any] = {
        "catalog": shop.catalog,
        "stock": shop.stock,
        "tax": shop.tax,
        "clock": shop.clock,
    }
    return offer_product(wanted, **common | ports)


def state(shop: Shop, quantity: int = 1) -> Availability:
    return offer(shop, quantity=quantity).lines[0]


def room(shop: Shop, sku: str = "MUG") -> int:
    return shop.stock.levels([sku])[sku].room


# --- backorder ------------------------------------------------------------------------------------


def test_a_backorder_is_sold_up_to_its_cap_and_no_further(shop: Shop) -> None:
    shop.saves(a.backordered(cap=2))
    shop.gets("MUG", BERLIN=1)
    shop.buys(("MUG", 3))
    with pytest.raises(OutOfStock) as refusal:
        shop.buys(("MUG", 1), key="cart-2")
    assert refusal.value.short == {"MUG": (1, 0)}
    assert shop.left("MUG") == (0, 3)


def test_two_lines_of_a_backorder_are_summed_before_they_are_checked(shop: Shop) -> None:
    shop.saves(a.backordered(cap=3))
    with pytest.raises(OutOfStock) as refusal:
        shop.buys(("MUG", 2), ("MUG", 2))
    assert refusal.value.short == {"MUG": (4, 3)}


def test_what_is_on_the_shelf_is_promised_as_ever_and_the_rest_with_its_lead_time(
    shop: Shop,
) -> None:
    shop.saves(a.backordered(lead_days=10))
    shop.gets("MUG", BERLIN=1)
    soon, later = shop.buys(("MUG", 1)), shop.buys(("MUG", 1), key="cart-2")
    assert soon.promise
    assert later.promise
    assert f"{soon.promise.ship_by:%a %d %b}" == "Tue 03 Mar"
    assert soon.promise.goods_at is None
    assert f"{later.promise.ship_by:%a %d %b}" == "Fri 13 Mar"
    assert later.promise.goods_at == a.NOW + timedelta(days=10)


def test_an_expected_delivery_counts_until_it_has_passed(shop: Shop) -> None:
    expected = a.NOW + timedelta(days=3)
    terms = Backorder(cap=9, lead_days=30, expected_at=expected)
    shop.saves(a.product("MUG", backorder=terms))
    assert state(shop).backorder_until == expected
    shop.advance(days=4)
    assert state(shop).backorder_until == shop.clock() + timedelta(days=30)


def test_what_is_quoted_beyond_the_stock_is_what_is_promised(shop: Shop) -> None:
    shop.saves(a.backordered())
    (option,) = offer(shop, quantity=2).options
    order = shop.buys(("MUG", 2))
    assert order.promise
    assert (option.ship_by, option.deliver_by) == (
        order.promise.ship_by,
        order.promise.deliver_by,
    )
    assert option.order_by == order.promise.order_by
    assert option.order_within_seconds > 0


def test_whoever_orders_before_the_cut_off_is_promised_the_same(shop: Shop) -> None:
    shop.saves(a.backordered(cap=9))
    (option,) = offer(shop).options
    shop.clock.now = option.order_by - timedelta(seconds=1)
    assert offer(shop).options[0].ship_by == option.ship_by
    shop.clock.now = option.order_by
    assert offer(shop).options[0].ship_by > option.ship_by


def test_a_backorder_says_until_when(shop: Shop) -> None:
    shop.saves(a.backordered(cap=3, lead_days=10))
    shop.gets("MUG", BERLIN=2)
    assert (state(shop, 2).state, state(shop, 2).left) == (StockState.LOW_STOCK, 2)
    beyond = state(shop, 3)
    assert (beyond.state, beyond.available, beyond.left) == (StockState.BACKORDER, True, None)
    assert beyond.backorder_until == a.NOW + timedelta(days=10)
    assert (state(shop, 6).state, state(shop, 6).available) == (StockState.BACKORDER, False)
    shop.buys(("MUG", 5))
    assert state(shop).state is StockState.OUT_OF_STOCK


@pytest.mark.parametrize("call", range(4))
def test_two_checkouts_race_for_the_last_unit_on_the_shelf_and_the_loser_waits(
    shop: Shop, call: int
) -> None:
    """Never are two promised the same unit, at whatever moment the second one comes in."""
    shop.saves(a.backordered())
    shop.gets("MUG", BERLIN=1)
    other = Countdown(call, lambda: shop.buys(("MUG", 1), key="cart-2") and None)
    ports = other.watching({"catalog": shop.catalog, "stock": shop.stock, "orders": shop.orders})
    order = shop.check_out(a.cart(("MUG", 1)), **ports).order
    assert other.done
    waits = [one.promise.goods_at is not None for one in shop.memory.orders.values() if one.promise]
    assert sorted(waits) == [False, True]
    assert order.promise
    assert order.promise.goods_at


# --- preorder -------------------------------------------------------------------------------------


def test_a_preorder_is_promised_from_its_release_on(shop: Shop) -> None:
    shop.saves(a.preordered(release_at=a.NOW + timedelta(days=20)))
    shown = state(shop)
    assert (shown.state, shown.available) == (StockState.PREORDER, True)
    assert shown.preorder_from == a.NOW + timedelta(days=20)
    order = shop.buys(("MUG", 1))
    assert order.promise
    assert f"{order.promise.ship_by:%a %d %b}" == "Tue 24 Mar"


def test_goods_that_arrive_before_the_release_are_still_promised_from_it_on(shop: Shop) -> None:
    shop.saves(a.preordered())
    shop.gets("MUG", BERLIN=5)
    assert state(shop).state is StockState.PREORDER


def test_nothing_is_sold_beyond_the_stock_once_it_is_released(shop: Shop) -> None:
    shop.saves(a.preordered(cap=3))
    shop.gets("MUG", BERLIN=1)
    shop.buys(("MUG", 2))
    shop.advance(days=21)
    assert state(shop).state is StockState.OUT_OF_STOCK
    with pytest.raises(OutOfStock):
        shop.buys(("MUG", 1), key="cart-2")
    assert settle_room(["MUG"], catalog=shop.catalog, stock=shop.stock, clock=shop.clock) == 1
    assert room(shop) == 1, "for the unit that was sold beyond the stock"
    shop.gets("MUG", BERLIN=4)
    shop.advance(minutes=15)
    assert settle_room(["MUG"], catalog=shop.catalog, stock=shop.stock, clock=shop.clock) == 1
    assert (room(shop), shop.left("MUG")) == (0, (3, 2))


# --- terms that change ----------------------------------------------------------------------------


def test_saving_the_same_terms_again_changes_nothing(shop: Shop) -> None:
    for _ in range(2):
        shop.saves(a.backordered(cap=3))
    assert (room(shop), shop.left("MUG")) == (3, (3, 0))


def test_a_lower_cap_takes_what_is_not_sold_and_the_rest_when_goods_have_come(shop: Shop) -> None:
    shop.saves(a.backordered(cap=5))
    shop.buys(("MUG", 3))
    shop.saves(a.backordered(cap=1))
    assert (room(shop), shop.left("MUG")) == (3, (0, 3))
    shop.gets("MUG", BERLIN=3)
    shop.advance(minutes=15)
    assert state(shop, 2).available is False
    with pytest.raises(OutOfStock):
        shop.buys(("MUG", 2), key="cart-2")
    settle_room(["MUG"], catalog=shop.catalog, stock=shop.stock, clock=shop.clock)
    assert (room(shop), shop.left("MUG")) == (1, (1, 3))


def test_terms_that_end_take_all_room(shop: Shop) -> None:
    shop.saves(a.backordered(cap=5))
    shop.saves(a.product("MUG"))
    assert (room(shop), shop.left("MUG")) == (0, (0, 0))


def test_a_hot_sku_has_its_room_in_all_shards_and_gives_it_back(shop: Shop) -> None:
    shop.saves(a.backordered(cap=7, stock_shards=3))
    assert [level.room for level in shop.stock.levels(["MUG"])["MUG"].network] == [2, 2, 3]
    shop.buys(("MUG", 5))
    shop.saves(a.backordered(cap=5, stock_shards=3))
    assert (room(shop), shop.left("MUG")) == (5, (0, 5))


def test_two_who_save_at_once_do_not_grant_twice(shop: Shop) -> None:
    other = Countdown(1, lambda: shop.saves(a.backordered(cap=3)))
    catalog, stock, clock = shop.catalog, shop.stock, shop.clock
    shop.catalog, shop.stock = other.watching({"c": catalog, "s": stock}).values()
    shop.saves(a.backordered(cap=3))
    shop.catalog, shop.stock = catalog, stock
    assert other.done
    settle_room(["MUG"], catalog=catalog, stock=stock, clock=clock)
    assert room(shop) == 3


@pytest.mark.parametrize(
    "terms",
    [
        {"backorder": {"cap": 0, "lead_days": 1}},
        {"backorder": {"cap": -1, "lead_days": 1}},
        {"backorder": {"cap": 10**7, "lead_days": 1}},
        {"backorder": {"cap": 1}},
        {"backorder": {"cap": 1, "lead_days": 10**4}},
        {"preorder": {"cap": 1}},
        {"preorder": {"cap": 1, "release_at": "2026-05-01T00:00:00"}},
        {
            "backorder": {"cap": 1, "lead_days": 1},
            "preorder": {"cap": 1, "release_at": "2026-05-01T00:00:00Z"},
        },
    ],
)
def test_absurd_terms_are_refused(terms: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"backorder|preorder"):
        a.product("MUG", **terms)
