"""Promises ask the sourcing rules: what is promised is what routing may then choose."""

from typing import Any

import pytest

from doorstep.domain.catalog import DeliveryKind
from doorstep.domain.errors import FullyBooked, InvalidCommand
from doorstep.domain.order import Order
from doorstep.usecases.availability import (
    Cart,
    CartLine,
    Offer,
    WantedProduct,
    offer_cart,
    offer_product,
)
from doorstep.usecases.cart import Buyer
from tests import builders as a
from tests.shop import Shop

SLOW = {"calendar": {"processing_days": 4}}
NEAR = {"latitude": 52.53, "longitude": 13.40}
FARTHER = {"latitude": 52.48, "longitude": 13.30}


def barring(**rule: Any) -> dict[str, Any]:
    """Rules with one filter, which bars stores unless it says whom."""
    return {"filters": [{"name": "barred", "never": {"kinds": ["store"]}} | rule]}


NO_STORES = barring()


@pytest.fixture
def shop() -> Shop:
    """A quick store in Berlin and a slow warehouse in Hamburg, who both have mugs."""
    shop = Shop()
    shop.catalog.save(
        a.product("MUG", tags=("fragile",)),
        a.location("BERLIN", kind="store", tags=("outlet",)),
        a.location("HAMBURG", a.HAMBURG, **SLOW),
    )
    shop.gets("MUG", BERLIN=9, HAMBURG=9)
    return shop


def asked(shop: Shop, **more: Any) -> Offer:
    wanted = WantedProduct(**{"sku": "MUG", "country": "DE", "postal_code": "10119"} | more)
    return offer_product(
        wanted, catalog=shop.catalog, stock=shop.stock, tax=shop.tax, clock=shop.clock
    )


def quoted(shop: Shop, quantity: int = 1, **more: Any) -> Offer:
    lines = (CartLine(sku="MUG", quantity=quantity),)
    cart = Cart(**{"currency": "EUR", "lines": lines, "country": "DE"} | more)
    return offer_cart(cart, catalog=shop.catalog, stock=shop.stock, tax=shop.tax, clock=shop.clock)


def days(offer: Offer) -> list[str]:
    return [f"{one.code} {one.ship_by:%d}" for one in offer.options]


def promised(order: Order) -> tuple[str, ...]:
    assert order.promise is not None
    return order.promise.places


def shipped_from(shop: Shop, order: Order) -> tuple[str, ...]:
    shop.settle()
    return tuple(one.location_id for one in shop.order(order.order_id).fulfillment_orders)


# --- who may ship ---------------------------------------------------------------------------------


def test_without_rules_everybody_may(shop: Shop) -> None:
    assert days(asked(shop)) == days(quoted(shop)) == ["standard 03"]
    assert promised(shop.buys(("MUG", 1))) == ("BERLIN",)


@pytest.mark.parametrize(
    "rules",
    [
        {"kinds": ["warehouse"]},
        barring(only={"locations": ["HAMBURG"]}, never=None),
        barring(never={"tags": ["outlet"]}),
        barring(goods={"tags": ["fragile"]}),
        barring(goods={"kinds": ["standard"]}),
        barring(orders={"countries": ["DE"]}),
        barring(orders={"delivery_options": ["standard"], "skus": ["MUG"]}),
        barring(orders={"total_below": {"minor": 1691, "currency": "EUR"}}),
    ],
)
def test_what_is_quoted_is_what_routing_then_chooses_from(
    shop: Shop, rules: dict[str, Any]
) -> None:
    """A barred place is not promised from, though it has everything and would be the soonest."""
    shop.rules(**rules)
    assert days(asked(shop)) == days(quoted(shop)) == ["standard 06"]
    order = shop.buys(("MUG", 1))
    assert promised(order) == shipped_from(shop, order) == ("HAMBURG",)
    shop.check()


def test_a_place_that_is_too_far_is_not_promised_from(shop: Shop) -> None:
    shop.catalog.save(a.location("BERLIN", **SLOW), a.location("HAMBURG", a.HAMBURG))
    assert days(asked(shop)) == ["standard 03"]
    shop.rules(most_km=100)
    assert days(asked(shop)) == ["standard 06"]
    order = shop.buys(("MUG", 1))
    assert promised(order) == shipped_from(shop, order) == ("BERLIN",)


def test_a_filter_on_customers_counts_from_the_checkout_on(shop: Shop) -> None:
    shop.rules(**barring(orders={"customers": ["ada"]}))
    bob = Buyer(customer_id="bob", email="bob@example.org", name="Bob")
    assert days(quoted(shop)) == ["standard 03"]
    assert promised(shop.buys(("MUG", 1), key="ada")) == ("HAMBURG",)
    assert promised(shop.buys(("MUG", 1), key="bob", customer=bob)) == ("BERLIN",)


def test_every_channel_goes_by_its_own_rules(shop: Shop) -> None:
    shop.rules("app", **NO_STORES)
    assert days(asked(shop)) == days(quoted(shop)) == ["standard 03"]
    assert days(asked(shop, channel="app")) == days(quoted(shop, channel="app")) == ["standard 06"]
    assert promised(shop.buys(("MUG", 1), channel="app")) == ("HAMBURG",)


# --- who alone has it -----------------------------------------------------------------------------


def test_what_only_barred_places_have_is_out_of_reach(shop: Shop) -> None:
    """Nothing is offered, and a checkout says why; nothing is held."""
    shop.rules(**NO_STORES)
    assert days(quoted(shop, 10)) == days(asked(shop, quantity=10)) == []
    with pytest.raises(InvalidCommand, match="does not reach"):
        shop.buys(("MUG", 10))
    assert shop.left("MUG") == (18, 0)
    assert days(quoted(shop, 9)) == ["standard 06"]


def test_what_nobody_may_make_is_not_promised(shop: Shop) -> None:
    shop.catalog.save(a.engraved(), a.location("WORKSHOP", kind="workshop"))
    shop.gets("PEN", WORKSHOP=3)
    assert days(asked(shop, sku="PEN")) == ["standard 10"]
    shop.rules(kinds=["warehouse", "store"])
    assert days(asked(shop, sku="PEN")) == []


def test_what_is_sold_beyond_the_stock_waits_at_a_place_that_may_ship_it(shop: Shop) -> None:
    shop.saves(a.backordered("CUP", cap=3, lead_days=10))
    assert days(asked(shop, sku="CUP")) == ["standard 13"]
    shop.rules(**NO_STORES)
    assert days(asked(shop, sku="CUP")) == ["standard 18"]
    shop.rules(kinds=["workshop"])
    assert days(asked(shop, sku="CUP")) == []


# --- collected ------------------------------------------------------------------------------------


def test_what_a_store_may_not_hand_over_of_its_own_is_sent_there(shop: Shop) -> None:
    pickup = a.delivery("0.00", code="pickup", name="Pickup", kind=DeliveryKind.PICKUP)
    shop.catalog.save(pickup, a.location("BERLIN", kind="store", capabilities=("pickup",)))
    here = {"shipping_address": None, "delivery_option": "pickup", "pickup_location_id": "BERLIN"}
    assert "pickup 03" in days(quoted(shop))
    shop.rules(**NO_STORES)
    assert "pickup 06" in days(quoted(shop))
    order = shop.buys(("MUG", 1), **here)
    assert promised(order) == shipped_from(shop, order) == ("HAMBURG",)
    assert "pickup" not in {one.code for one in quoted(shop, 10).options}
    with pytest.raises(InvalidCommand, match="does not reach"):
        shop.buys(("MUG", 10), key="ten", **here)


# --- by courier -----------------------------------------------------------------------------------


@pytest.fixture
def couriers(shop: Shop) -> Shop:
    """Two more stores, both with couriers, the second farther away."""
    store = {"kind": "store", "capabilities": ["ship", "same_day"]}
    shop.catalog.save(
        a.same_day(),
        a.location("MITTE", **store, **NEAR),
        a.location("WEST", **store, **FARTHER, tags=("outlet",)),
    )
    shop.gets("MUG", MITTE=9, WEST=9)
    return shop


def test_a_courier_comes_only_from_a_store_that_may_ship(couriers: Shop) -> None:
    assert promised(couriers.buys(("MUG", 1), delivery_option="same-day")) == ("MITTE",)
    couriers.rules(**barring(never={"locations": ["MITTE"]}))
    order = couriers.buys(("MUG", 1), key="2", delivery_option="same-day")
    assert promised(order) == shipped_from(couriers, order) == ("WEST",)
    couriers.rules(**NO_STORES)
    assert days(asked(couriers)) == ["standard 06"]
    with pytest.raises(FullyBooked):
        couriers.buys(("MUG", 1), key="3", delivery_option="same-day")
    couriers.check()


def test_a_barred_store_does_not_take_over_the_window_of_another(couriers: Shop) -> None:
    couriers.rules(**barring(never={"tags": ["outlet"]}))
    order = couriers.buys(("MUG", 1), delivery_option="same-day")
    couriers.settle()
    couriers.rejects(couriers.order(order.order_id).fulfillment_orders[0].fulfillment_order_id)
    couriers.settle()
    assert shipped_from(couriers, order) == ("MITTE",)
    assert [item.cause for item in couriers.order(order.order_id).work_items] == ["unfilled"]
    couriers.check()
