"""Availability and quotes: what may be shown, and that a checkout promises just that."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.adapters.tax import table
from doorstep.domain.availability import StockState
from doorstep.domain.calendar import Calendar
from doorstep.domain.errors import InvalidCommand, NotFound
from doorstep.runtime.settings import Settings
from doorstep.usecases.availability import (
    Cart,
    CartLine,
    Offer,
    WantedProduct,
    offer_cart,
    offer_product,
)
from doorstep.usecases.cart import DeliveryAddress
from tests import builders as a
from tests.shop import Countdown, Shop, kill

TAX = table.build(Settings())


def asked(shop: Shop, sku: str = "MUG", quantity: int = 1, **more: Any) -> Offer:
    wanted = WantedProduct(**{"sku": sku, "quantity": quantity, "country": "DE"} | more)
    return offer_product(
        wanted, catalog=shop.catalog, stock=shop.stock, tax=shop.tax, clock=shop.clock
    )


def quoted(shop: Shop, *lines: tuple[str, int], **more: Any) -> Offer:
    wanted = tuple(CartLine(sku=sku, quantity=quantity) for sku, quantity in lines)
    cart = Cart(**{"currency": "EUR", "lines": wanted, "country": "DE"} | more)
    return offer_cart(cart, catalog=shop.catalog, stock=shop.stock, tax=TAX, clock=shop.clock)


# --- what is shown of stock -----------------------------------------------------------------------


def test_enough_is_in_stock_and_nobody_learns_how_much(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=4711)
    offer = asked(shop)
    (line,) = offer.lines
    assert (line.state, line.available, line.left, line.places) == (
        StockState.IN_STOCK,
        True,
        None,
        (),
    )
    assert "4711" not in offer.model_dump_json()


def test_few_are_counted_and_found(shop: Shop) -> None:
    shop.catalog.save(a.location("HAMBURG", a.HAMBURG, "store"))
    shop.sells("MUG", BERLIN=1, HAMBURG=2)
    (line,) = asked(shop).lines
    assert (line.state, line.left) == (StockState.LOW_STOCK, 3)
    assert [(one.name, one.city, one.units) for one in line.places] == [
        ("HAMBURG", "Hamburg", 2),
        ("BERLIN", "Berlin", 1),
    ]


def test_the_last_ones_are_found_nearest_first(shop: Shop) -> None:
    near = {"latitude": 52.5321, "longitude": 13.4012}
    shop.catalog.save(a.location("HAMBURG", a.HAMBURG), a.location("BERLIN", kind="store", **near))
    shop.sells("MUG", BERLIN=1, HAMBURG=3)
    (line,) = asked(shop, postal_code="10435").lines
    assert [(one.name, one.units) for one in line.places] == [("BERLIN", 1), ("HAMBURG", 3)]
    km = [one.km for one in line.places]
    assert km[0] is not None
    assert km[1] is not None
    assert km[0] < 5
    assert km[1] > 200


def test_an_unknown_postal_code_tells_no_distance(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=1, HAMBURG=3)
    for unknown in ("", "?!"):
        (line,) = asked(shop, postal_code=unknown).lines
        assert [(one.name, one.km) for one in line.places] == [("HAMBURG", None), ("BERLIN", None)]


def test_what_somebody_is_buying_is_not_left_any_more(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    shop.buys(("MUG", 4))
    (line,) = asked(shop).lines
    assert (line.left, [one.units for one in line.places]) == (1, [1])


def test_more_than_there_is_cannot_be_delivered(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=2)
    offer = asked(shop, quantity=3)
    assert (offer.lines[0].state, offer.lines[0].available) == (StockState.LOW_STOCK, False)
    assert offer.options == ()


def test_nothing_is_out_of_stock(shop: Shop) -> None:
    shop.sells("MUG")
    offer = asked(shop)
    assert (offer.lines[0].state, offer.options) == (StockState.OUT_OF_STOCK, ())


def test_a_piece_made_to_order(shop: Shop) -> None:
    shop.catalog.save(a.engraved("PEN"), a.location("WORKSHOP", kind="workshop"))
    shop.gets("PEN", WORKSHOP=2)
    offer = asked(shop, "PEN")
    assert offer.lines[0].state is StockState.MADE_TO_ORDER
    assert f"{offer.options[0].ship_by:%Y-%m-%d}" == "2026-03-10"


def test_the_merchant_says_what_few_are(shop: Shop) -> None:
    shop.catalog.save(a.product("MUG", low_stock=0))
    shop.gets("MUG", BERLIN=1)
    assert asked(shop).lines[0].state is StockState.IN_STOCK


def test_lines_of_one_sku_are_summed(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    offer = quoted(shop, ("MUG", 3), ("MUG", 3))
    assert [line.available for line in offer.lines] == [False, False]


# --- options --------------------------------------------------------------------------------------


def test_every_option_with_price_dates_and_what_is_left_until_its_cut_off(shop: Shop) -> None:
    shop.sells("MUG", "12.00", BERLIN=9)
    shop.catalog.save(
        a.delivery("9.90", code="express", processing_days=0, transit_days=1, cutoff="12:00")
    )
    offer = asked(shop, quantity=2, postal_code="10119")
    assert [one.code for one in offer.options] == ["express", "standard"]
    express, standard = offer.options
    assert (express.price, express.total, express.tax) == (
        a.eur("9.90"),
        a.eur("33.90"),
        a.eur("5.41"),
    )
    assert f"{express.deliver_by:%a %d}, {standard.deliver_by:%a %d}" == "Tue 03, Fri 06"
    assert (express.order_within_seconds, standard.order_within_seconds) == (7200, 18000)


def test_an_answer_is_not_kept_beyond_the_next_cut_off(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=9)
    assert asked(shop).holds_for(30) == 30
    shop.clock.now = datetime(2026, 3, 2, 14, 59, 50, tzinfo=UTC)
    assert asked(shop).holds_for(30) == 10


def test_two_reads_per_sku_and_three_lists(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=9)
    sixth = Countdown(5, kill)
    ports = sixth.watching({"catalog": shop.catalog, "stock": shop.stock})
    offer_product(WantedProduct(sku="MUG", country="DE"), **ports, tax=shop.tax, clock=shop.clock)
    assert not sixth.done


def test_three_reads_per_sku_where_days_are_limited_and_couriers_come(shop: Shop) -> None:
    """The product, its stock, and the days of all locations; three lists are a minute old."""
    near = {"capabilities": ["ship", "same_day"], "latitude": 52.53, "longitude": 13.4}
    shop.catalog.save(a.location("BERLIN", daily_capacity=3, **near), a.same_day())
    shop.sells("MUG", BERLIN=9)
    seventh = Countdown(6, kill)
    ports = seventh.watching({"catalog": shop.catalog, "stock": shop.stock})
    wanted = WantedProduct(sku="MUG", country="DE", postal_code="10119")
    offer = offer_product(wanted, **ports, tax=shop.tax, clock=shop.clock)
    assert not seventh.done
    assert [one.code for one in offer.options] == ["same-day", "standard"]


def test_an_option_that_does_not_reach_is_not_offered_and_not_sold(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=9)
    table = [{"countries": ["DE"], "up_to_km": 100, "days": 1}]
    shop.catalog.save(a.delivery(code="next-day", kind="next_day", transit=table))
    assert [one.code for one in asked(shop, postal_code="10119").options] == [
        "next-day",
        "standard",
    ]
    assert [one.code for one in asked(shop, postal_code="80331").options] == ["standard"]
    munich = a.cart(("MUG", 1)).shipping_address.model_copy(update={"postal_code": "80331"})
    with pytest.raises(InvalidCommand) as refusal:
        shop.buys(("MUG", 1), shipping_address=munich, delivery_option="next-day")
    assert set(refusal.value.faults) == {"delivery_option"}
    assert shop.left("MUG") == (9, 0)
    assert not shop.gateway.charges


def test_a_place_that_the_carrier_reaches_sooner_from_ships(shop: Shop) -> None:
    """Hamburg is cheaper; its parcel would come two days after the promised one."""
    table = [{"up_to_km": 100, "days": 1}, {"days": 3}]
    shop.catalog.save(
        a.location("BERLIN", parcel_cost=300),
        a.location("HAMBURG", a.HAMBURG, parcel_cost=0),
        a.delivery(code="fast", transit=table),
    )
    shop.sells("MUG", BERLIN=9, HAMBURG=9)
    order = shop.sold(("MUG", 1), delivery_option="fast")
    assert [one.location_id for one in order.fulfillment_orders] == ["BERLIN"]


# --- refusals -------------------------------------------------------------------------------------


def test_what_is_not_sold(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=9)
    with pytest.raises(NotFound):
        asked(shop, "NOPE")
    with pytest.raises(InvalidCommand) as refusal:
        asked(shop, currency="USD")
    assert set(refusal.value.faults) == {"currency"}
    with pytest.raises(InvalidCommand) as refusal:
        quoted(shop, ("MUG", 1), ("NOPE", 1))
    assert set(refusal.value.faults) == {"lines.1.sku"}


# --- what is quoted is what checkout promises -----------------------------------------------------

SKUS = ("MUG", "CUP", "PEN")
CALENDARS = st.builds(
    Calendar,
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo"]),
    working_days=st.sets(st.integers(1, 7), min_size=1).map(tuple),
    processing_days=st.integers(0, 5),
    holiday_country=st.sampled_from([None, "", "US", "JP"]),
)
CARTS = st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 4)), min_size=1, max_size=5)
DESTINATIONS = st.sampled_from([("DE", "BY"), ("US", "CA"), ("GB", ""), ("JP", "13"), ("VU", "")])
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2029, 12, 31))  # noqa: DTZ001


@settings(max_examples=150, deadline=None)
@given(
    cart=CARTS,
    calendars=st.tuples(CALENDARS, CALENDARS, CALENDARS),
    stock=st.lists(st.integers(0, 12), min_size=9, max_size=9),
    destination=DESTINATIONS,
    moment=MOMENTS,
)
def test_what_is_quoted_is_what_checkout_promises(
    cart: list[tuple[str, int]],
    calendars: tuple[Calendar, Calendar, Calendar],
    stock: list[int],
    destination: tuple[str, str],
    moment: datetime,
) -> None:
    """Random carts, calendars, stock, destinations and hours: the same money and the same dates."""
    shop = Shop()
    shop.clock.now = moment.replace(tzinfo=UTC)
    shop.catalog.save(
        a.product("MUG", "12.35"),
        a.product("CUP", "8.05", tax_category="books"),
        a.product("PEN", "99.99", kind="made_to_order", production_days=4),
        a.location("BERLIN", calendar=calendars[0]),
        a.location("HAMBURG", a.HAMBURG, calendar=calendars[1]),
        a.location("WORKSHOP", kind="workshop", calendar=calendars[2]),
        a.delivery("9.99", code="express", processing_days=0, transit_days=1, cutoff="11:30"),
    )
    for number, units in enumerate(stock):
        sku, place = SKUS[number % 3], ("BERLIN", "HAMBURG", "WORKSHOP")[number // 3]
        if units:
            shop.gets(sku, **{place: units})
    country, region = destination
    offer = quoted(shop, *cart, country=country, region=region)
    for option in offer.options:
        address = DeliveryAddress(
            name="Ada", line1="Torstraße 1", city="Somewhere", region=region, country=country
        )
        command = a.cart(*cart, shipping_address=address, delivery_option=option.code)
        before = shop.stock.levels(SKUS)
        order = shop.check_out(command, f"cart-{option.code}", tax=TAX).order
        assert order.promise
        assert (order.totals.total, order.totals.shipping, order.totals.tax) == (
            option.total,
            option.price,
            option.tax,
        )
        assert [(line.unit_price, line.total) for line in order.lines] == [
            (line.unit_price, line.total) for line in offer.lines
        ]
        assert (order.promise.ship_by, order.promise.deliver_by, order.promise.order_by) == (
            option.ship_by,
            option.deliver_by,
            option.order_by,
        )
        shop.cancels(order.order_id)
        assert shop.stock.levels(SKUS) == before
    if not offer.options:
        assert not all(line.available for line in offer.lines)
