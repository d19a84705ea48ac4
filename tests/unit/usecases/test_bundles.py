"""Bundles: sold as one, kept, shipped and returned as their parts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.domain import bundle
from doorstep.domain.availability import StockState
from doorstep.domain.errors import InvalidCommand, OutOfStock
from doorstep.domain.money import Money, total
from doorstep.domain.order import Order
from doorstep.runtime.views import OrderView
from doorstep.usecases.availability import (
    Cart,
    CartLine,
    Offer,
    WantedProduct,
    offer_cart,
    offer_product,
)
from doorstep.usecases.stock import Receipt, ReceivedGoods, receive_goods
from tests import builders as a
from tests.shop import Shop


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """With a set of two mugs at 12.00 and a pot at 24.00, for 30.00 instead of 48.00."""
    shop.sells("MUG", "12.00", BERLIN=10)
    shop.sells("POT", "24.00", BERLIN=4)
    shop.saves(a.bundle(MUG=2, POT=1))
    return shop


def offer(shop: Shop, *lines: tuple[str, int]) -> Offer:
    wanted = tuple(CartLine(sku=sku, quantity=quantity) for sku, quantity in lines)
    cart = Cart(currency="EUR", lines=wanted, country="DE")
    return offer_cart(cart, catalog=shop.catalog, stock=shop.stock, tax=shop.tax, clock=shop.clock)


def state(shop: Shop, quantity: int = 1) -> Any:
    wanted = WantedProduct(sku="SET", quantity=quantity, country="DE")
    return offer_product(
        wanted, catalog=shop.catalog, stock=shop.stock, tax=shop.tax, clock=shop.clock
    ).lines[0]


def sold_as(order: Order) -> list[tuple[str, str | None, int, str]]:
    return [(x.line_id, x.sku, x.ordered, str(x.total)) for x in order.lines]


# --- what is bought -------------------------------------------------------------------------------


def test_a_bundle_is_bought_as_its_parts_for_its_own_price(shop: Shop) -> None:
    order = shop.buys(("SET", 2), ("POT", 1))
    assert sold_as(order) == [
        ("1", "MUG", 4, "30.00 EUR"),
        ("2", "POT", 2, "30.00 EUR"),
        ("3", "POT", 1, "24.00 EUR"),
    ]
    assert str(order.totals.lines) == "84.00 EUR"
    assert shop.left("MUG") == (6, 4)
    assert shop.left("POT") == (1, 3)
    assert order.lines[2].bundle is None


def test_the_order_shows_what_was_sold_together(shop: Shop) -> None:
    (sold,) = OrderView.of(shop.buys(("POT", 1), ("SET", 2))).bundles
    assert (sold.sku, sold.quantity, str(sold.total)) == ("SET", 2, "60.00 EUR")
    assert sold.line_ids == ("2", "3")


@pytest.mark.parametrize("price", ["9.99", "10.00", "0.01", "0.00", "29.95"])
def test_the_shares_of_a_bundle_add_up_to_the_last_cent(shop: Shop, price: str) -> None:
    shop.saves(a.bundle(price=price, MUG=2, POT=1))
    order = shop.buys(("SET", 3))
    assert total((line.total for line in order.lines), "EUR") == a.eur(price) * 3
    for line in order.lines:
        assert line.unit_price * line.ordered - line.discount == line.total
        assert 0 <= line.discount.minor < line.ordered
    assert order.totals.discount == total((line.discount for line in order.lines), "EUR")


@given(
    amount=st.integers(0, 10**7),
    parts=st.lists(st.tuples(st.integers(0, 9999), st.integers(1, 9)), min_size=1, max_size=6),
)
def test_shares_add_up_whatever_the_parts_cost(amount: int, parts: list[tuple[int, int]]) -> None:
    products = {
        f"P{n}": a.product(f"P{n}", prices={"EUR": price} if price else {"USD": 1})
        for n, (price, _) in enumerate(parts)
    }
    sold = a.bundle(**{f"P{n}": each for n, (_, each) in enumerate(parts)})
    shares = bundle.shares(sold, products, Money(minor=amount, currency="EUR"))
    assert sum(share.minor for share in shares.values()) == amount
    assert all(share.minor >= 0 for share in shares.values())


def test_the_demand_of_a_bundle_and_of_its_part_alone_is_summed_before_it_is_checked(
    shop: Shop,
) -> None:
    """medusa#16502, in the guise of a bundle."""
    with pytest.raises(OutOfStock) as refusal:
        shop.buys(("SET", 3), ("POT", 2))
    assert refusal.value.short == {"POT": (5, 4)}
    assert (shop.left("MUG"), shop.left("POT")) == ((10, 0), (4, 0))


def test_a_bundle_is_shipped_and_returned_by_its_parts(shop: Shop) -> None:
    order = shop.delivered(("SET", 1))
    back = shop.wants_back(order.order_id, a.back("2"))
    shop.counts(back.return_id, L2=1)
    refunded = shop.refunds(back.return_id)
    assert str(refunded.line("2").refunded) == "15.00 EUR"
    assert refunded.line("1").returned == 0


def test_a_part_that_is_sold_beyond_the_stock_makes_the_bundle_wait(shop: Shop) -> None:
    shop.saves(a.backordered("POT", cap=9, price="24.00"))
    order = shop.sold(("SET", 5))
    assert [(x.sku, x.allocated, x.owed) for x in order.lines] == [("MUG", 10, 0), ("POT", 0, 5)]
    assert order.promise
    assert order.promise.goods_at


# --- what is shown --------------------------------------------------------------------------------


def test_a_bundle_is_as_available_as_its_scarcest_part(shop: Shop) -> None:
    shown = state(shop, 4)
    assert (shown.state, shown.available, shown.left) == (StockState.LOW_STOCK, True, 4)
    assert (state(shop, 5).available, state(shop, 5).left) == (False, 4)
    shop.buys(("POT", 4))
    assert (state(shop).state, state(shop).available) == (StockState.OUT_OF_STOCK, False)


def test_too_few_of_a_part_for_one_bundle_is_out_of_stock(shop: Shop) -> None:
    shop.buys(("MUG", 9))
    assert (state(shop).state, state(shop).left) == (StockState.OUT_OF_STOCK, None)


def test_a_quote_shows_one_line_for_a_bundle_and_costs_what_a_checkout_does(shop: Shop) -> None:
    shown = offer(shop, ("SET", 2), ("POT", 1))
    order = shop.buys(("SET", 2), ("POT", 1))
    assert [(x.sku, x.quantity, str(x.total)) for x in shown.lines] == [
        ("SET", 2, "60.00 EUR"),
        ("POT", 1, "24.00 EUR"),
    ]
    assert shown.options[0].total == order.totals.total
    assert order.promise
    assert shown.options[0].deliver_by == order.promise.deliver_by


def test_a_quote_sums_the_demand_of_bundles_and_parts(shop: Shop) -> None:
    assert [x.available for x in offer(shop, ("SET", 3), ("POT", 2)).lines] == [False, False]


def test_a_bundle_waits_as_long_as_its_latest_part(shop: Shop) -> None:
    shop.saves(a.backordered("POT", cap=9))
    shop.saves(a.preordered("MUG", cap=9))
    shown = state(shop)
    assert (shown.state, shown.available) == (StockState.PREORDER, True)
    assert shown.preorder_from


# --- what a storefront sells ----------------------------------------------------------------------


def test_a_bundle_that_a_storefront_sold_is_kept_as_its_parts(shop: Shop) -> None:
    line = a.sold("77", "SET", 2, price="29.99", tax=a.eur("9.58"))
    order = shop.hears(a.storefront_order(line))
    assert order
    assert [(x.line_id, x.sku, x.ordered) for x in order.lines] == [
        ("77.1", "MUG", 4),
        ("77.2", "POT", 2),
    ]
    assert total((x.total for x in order.lines), "EUR") == a.eur("59.98")
    assert total((x.tax for x in order.lines), "EUR") == a.eur("9.58")
    assert (shop.left("MUG"), shop.left("POT")) == ((6, 4), (2, 2))


def test_the_same_news_again_is_no_change_of_what_was_sold(shop: Shop) -> None:
    news = a.storefront_order(a.sold("77", "SET", 2, removed=1))
    order = shop.hears(news)
    again = shop.hears(news.model_copy(update={"updated_at": a.NOW.replace(day=3)}))
    assert order
    assert again
    assert [(x.ordered, x.canceled) for x in again.lines] == [(4, 2), (2, 1)]
    assert not again.work_items
    changed = a.storefront_order(a.sold("77", "SET", 2, removed=2), a.sold("78", "POT"))
    known = shop.hears(changed.model_copy(update={"updated_at": a.NOW.replace(day=4)}))
    assert known
    assert [item.cause for item in known.work_items] == ["lines_changed"]


# --- what cannot be -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("components", "fault"),
    [
        ({"SET": 1}, "is a bundle itself"),
        ({"NIL": 1}, "there is no product 'NIL'"),
        ({"PEN": 1}, "is made to order"),
    ],
)
def test_a_bundle_of_what_cannot_be_a_part_is_refused(
    shop: Shop, components: dict[str, int], fault: str
) -> None:
    shop.catalog.save(a.engraved("PEN"))
    with pytest.raises(InvalidCommand, match=fault):
        shop.saves(a.bundle("BOX", **components))
    assert "BOX" not in shop.memory.products


@pytest.mark.parametrize(
    "more",
    [
        {"components": {"MUG": 0}},
        {"components": {"MUG": -1}},
        {"components": {"MUG": 10**6}},
        {"components": {f"P{number}": 1 for number in range(21)}},
        {"components": {"SET": 1}},
        {"components": {"MUG": 1}, "backorder": {"cap": 1, "lead_days": 1}},
        {"components": {"MUG": 1}, "kind": "made_to_order"},
    ],
)
def test_an_absurd_bundle_is_refused(more: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"components|bundle"):
        a.product("SET", **more)


def test_what_has_a_stock_of_its_own_does_not_become_a_bundle(shop: Shop) -> None:
    with pytest.raises(InvalidCommand, match="4 units of 'POT' itself"):
        shop.saves(a.bundle("POT", MUG=2))


def test_goods_are_not_received_as_a_bundle(shop: Shop) -> None:
    receipt = Receipt(receipt_id="R1", goods=(ReceivedGoods(sku="SET", quantity=1),))
    with pytest.raises(InvalidCommand, match="its components are kept"):
        receive_goods("BERLIN", receipt, catalog=shop.catalog, stock=shop.stock)


def test_a_bundle_whose_part_became_one_is_not_sold(shop: Shop) -> None:
    shop.catalog.save(a.bundle("POT", MUG=1))
    with pytest.raises(InvalidCommand) as refusal:
        shop.buys(("SET", 1))
    assert "is a bundle itself" in refusal.value.faults["lines.0.sku"]


def test_more_parts_than_an_order_can_hold_are_refused(shop: Shop) -> None:
    with pytest.raises(InvalidCommand) as refusal:
        shop.buys(*[("SET", 1)] * 21)
    assert refusal.value.faults == {"lines": "42 with the parts of the bundles; 40 at the most"}
