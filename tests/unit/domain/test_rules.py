"""The language of sourcing rules: conditions, filters, charges, markdowns, sorts."""

from itertools import product as every
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from doorstep.domain.address import Address
from doorstep.domain.catalog import Location, Product
from doorstep.domain.geography import distance_km
from doorstep.domain.order import Order
from doorstep.domain.rules import OrderMatch, Sale, SourcingRules
from doorstep.domain.sourcing import Sourcing, source
from tests import builders as a

WIEN = Address(country="AT", postal_code="1010", region="9")
PLACES = [
    a.location("BERLIN", tags=("outlet",)),
    a.location("HAMBURG", a.HAMBURG, kind="store"),
    a.location("WIEN", WIEN, capabilities=("ship", "cold")),
]
STOCK = {(sku, one.location_id): 9 for sku in ("MUG", "CUP") for one in PLACES}
PRODUCTS = {"MUG": a.product("MUG", tags=("fragile",)), "CUP": a.product("CUP")}


def rules(**given: Any) -> SourcingRules:
    """As they come over HTTP."""
    return SourcingRules.model_validate(given)


def order_of(*lines: tuple[str, int], **changes: Any) -> Order:
    numbered = (a.line(str(n), sku, units) for n, (sku, units) in enumerate(lines, start=1))
    return a.draft("O-A", *numbered).changed(**changes)


def routed(order: Order, *, stock: dict[tuple[str, str], int] = STOCK, **given: Any) -> Sourcing:
    return source(order, PLACES, stock, rules(**given), products=PRODUCTS)


def plan(order: Order, **given: Any) -> dict[str, dict[str, int]]:
    return routed(order, **given).plan


# --- which orders ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({}, True),
        ({"channels": ["web", "app"]}, True),
        ({"channels": ["app"]}, False),
        ({"countries": ["DE"]}, True),
        ({"countries": ["AT", "CH"]}, False),
        ({"regions": ["BE"]}, True),
        ({"regions": ["BY"]}, False),
        ({"postal_codes": ["80", "10"]}, True),
        ({"postal_codes": ["80"]}, False),
        ({"delivery_options": ["standard"]}, True),
        ({"delivery_options": ["express"]}, False),
        ({"customers": ["ada"]}, True),
        ({"customers": ["bob"]}, False),
        ({"skus": ["CUP", "MUG"]}, True),
        ({"skus": ["CUP"]}, False),
        ({"total_from": {"minor": 1690, "currency": "EUR"}}, True),
        ({"total_from": {"minor": 1691, "currency": "EUR"}}, False),
        ({"total_below": {"minor": 1691, "currency": "EUR"}}, True),
        ({"total_below": {"minor": 1690, "currency": "EUR"}}, False),
        ({"total_from": {"minor": 0, "currency": "USD"}}, False),
        ({"channels": ["web"], "countries": ["AT"]}, False),
    ],
)
def test_a_condition_on_the_order(condition: dict[str, Any], holds: bool) -> None:
    sale = Sale.of(order_of(("MUG", 1)))
    assert OrderMatch.model_validate(condition).matches(sale) is holds


# --- filters --------------------------------------------------------------------------------------


def test_goods_with_a_tag_come_only_from_where_they_may() -> None:
    cold = {"name": "cold", "goods": {"tags": ["fragile"]}, "only": {"capabilities": ["cold"]}}
    found = plan(order_of(("MUG", 1), ("CUP", 1)), filters=[cold], most_locations=2, split=0)
    assert found["WIEN"]["1"] == 1
    assert plan(order_of(("CUP", 1)), filters=[cold]) == {"BERLIN": {"1": 1}}


def test_nothing_crosses_a_border_that_must_not() -> None:
    home = {"name": "home", "goods": {"skus": ["MUG"]}, "never": {"abroad": True}}
    order = order_of(("MUG", 1), shipping_address=WIEN)
    assert plan(order, filters=[home]) == {"WIEN": {"1": 1}}
    assert plan(order, filters=[home], stock={("MUG", "BERLIN"): 9}) == {}


def test_a_filter_concerns_only_the_orders_that_it_names() -> None:
    rule = {"name": "x", "orders": {"channels": ["b2b"]}, "never": {"tags": ["outlet"]}}
    assert plan(order_of(("MUG", 1)), filters=[rule]) == {"BERLIN": {"1": 1}}
    b2b = order_of(("MUG", 1), channel="b2b")
    assert plan(b2b, filters=[rule]) == {"HAMBURG": {"1": 1}}


def test_every_filter_must_let_it_pass_and_the_one_that_does_not_is_named() -> None:
    found = routed(
        order_of(("MUG", 1)),
        filters=[
            {"name": "no-outlet", "never": {"tags": ["outlet"]}},
            {"name": "warehouses", "only": {"kinds": ["warehouse"]}},
        ],
    )
    assert found.plan == {"WIEN": {"1": 1}}
    named = {one.location_id: (one.verdict.value, one.rules) for one in found.candidates}
    assert named["BERLIN"] == ("filtered", ("no-outlet",))
    assert named["HAMBURG"] == ("filtered", ("warehouses",))


# --- charges --------------------------------------------------------------------------------------


def test_a_charge_gives_way_where_keeping_away_would_cost_more() -> None:
    order = order_of(("MUG", 1))
    dear = {"name": "outlet", "places": {"tags": ["outlet"]}, "parcel": 100}
    found = routed(order, charges=[dear])
    assert found.plan == {"HAMBURG": {"1": 1}}
    only_there = routed(order, charges=[dear], stock={("MUG", "BERLIN"): 1})
    assert only_there.plan == {"BERLIN": {"1": 1}}
    (chosen,) = only_there.chosen
    assert chosen.costs
    assert (chosen.costs.charges, chosen.rules) == (100, ("outlet",))


def test_a_distance_may_be_charged_instead_of_forbidden() -> None:
    order = order_of(("MUG", 1))
    far = {"name": "far", "beyond_km": 300, "parcel": 5_000}
    stock = {("MUG", "WIEN"): 9, ("MUG", "HAMBURG"): 9}
    found = routed(order, charges=[far], stock=stock, zones=[{"parcel": 1, "per_kg": 0}])
    assert {one.location_id: one.rules for one in found.candidates} == {
        "HAMBURG": (),
        "WIEN": ("far",),
        "BERLIN": (),
    }


def test_the_last_units_of_a_store_are_kept_while_others_have_some() -> None:
    last = {"name": "last", "places": {"kinds": ["store"]}, "leaves_below": 2, "unit": 900}
    near = {"zones": [{"parcel": 1, "per_kg": 0}], "sorts": ["least_stock"], "border": 0}
    stock = {("MUG", "HAMBURG"): 3, ("MUG", "WIEN"): 9}
    assert plan(order_of(("MUG", 1)), charges=[last], stock=stock, **near) == {"HAMBURG": {"1": 1}}
    assert plan(order_of(("MUG", 2)), charges=[last], stock=stock, **near) == {"WIEN": {"1": 2}}
    alone = {("MUG", "HAMBURG"): 3}
    found = routed(order_of(("MUG", 2)), charges=[last], stock=alone, **near)
    assert found.plan == {"HAMBURG": {"1": 2}}
    assert found.chosen[0].costs
    assert found.chosen[0].costs.charges == 2 * 900


# --- markdowns and sorts --------------------------------------------------------------------------


def test_what_sells_worst_somewhere_is_shipped_from_there() -> None:
    slow = {"goods": {"skus": ["MUG"]}, "places": {"kinds": ["store"]}, "unit": 300}
    assert plan(order_of(("MUG", 1)), markdowns=[slow]) == {"HAMBURG": {"1": 1}}
    assert plan(order_of(("CUP", 1)), markdowns=[slow]) == {"BERLIN": {"1": 1}}


def test_a_markdown_where_there_is_nothing_left_loses_nothing() -> None:
    slow = {"places": {"kinds": ["store"]}, "unit": 300}
    (berlin,) = routed(order_of(("MUG", 1)), markdowns=[slow], stock={("MUG", "BERLIN"): 1}).chosen
    assert berlin.costs
    assert berlin.costs.markdown == 0


@pytest.mark.parametrize(
    ("sorts", "first"),
    [
        ([], "A"),
        (["priority"], "A"),
        (["nearest"], "C"),
        (["most_stock"], "B"),
        (["least_stock"], "A"),
        (["most_capacity"], "D"),
        (["most_stock", "nearest"], "B"),
    ],
)
def test_equals_are_preferred_by_the_sorts_in_turn(sorts: list[str], first: str) -> None:
    places = [
        a.location("A", a.HAMBURG, priority=1),
        a.location("B", a.HAMBURG),
        a.location("C"),
        a.location("D", a.HAMBURG),
    ]
    stock = {("MUG", "A"): 1, ("MUG", "B"): 9, ("MUG", "C"): 5, ("MUG", "D"): 5}
    flat = rules(zones=[{"parcel": 1, "per_kg": 0}], sorts=sorts)
    room = {"A": 5, "B": 5, "C": 5}
    assert list(source(order_of(("MUG", 1)), places, stock, flat, capacity=room).plan) == [first]


# --- what makes no sense --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"spilt": 3}, "Extra inputs"),
        ({"split": -1}, "greater than or equal to 0"),
        ({"split": 10**10}, "less than or equal to"),
        ({"kinds": ["castle"]}, "Input should be"),
        ({"filters": [{"name": "x"}]}, "say which locations"),
        ({"filters": [{"name": "x", "never": {}}]}, "say which locations"),
        ({"filters": [{"name": "x", "only": {}, "never": {"tags": ["a"]}}]}, "every location"),
        ({"filters": [{"name": "x", "only": {"tag": ["a"]}}]}, "Extra inputs"),
        ({"filters": [{"name": "x", "only": {"tags": ["a"]}}] * 2}, "two rules have the name 'x'"),
        ({"charges": [{"name": "x"}]}, "say what it costs"),
        ({"charges": [{"name": "x", "goods": {"skus": ["M"]}, "parcel": 1}]}, "by `unit`"),
        ({"actions": [{"name": "x", "do": "cancel_after"}]}, "`hours` go with"),
        ({"actions": [{"name": "x", "do": "hold", "hours": 3}]}, "`hours` go with"),
        ({"zones": []}, "at least 1 item"),
        ({"zones": [{"up_to_km": 5, "parcel": 1, "per_kg": 1}]}, "from near to far"),
        (
            {"zones": [{"parcel": 1, "per_kg": 1}, {"up_to_km": 5, "parcel": 1, "per_kg": 1}]},
            "from near to far",
        ),
    ],
)
def test_rules_that_make_no_sense_are_refused_with_the_reason(
    given: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ValidationError, match=fault):
        rules(**given)


# --- properties -----------------------------------------------------------------------------------

conditions = st.sampled_from(
    [
        {"tags": ["outlet"]},
        {"kinds": ["store"]},
        {"locations": ["WIEN"]},
        {"abroad": True},
        {"capabilities": ["cold"]},
    ]
)
goods = st.sampled_from([{}, {"skus": ["MUG"]}, {"tags": ["fragile"]}])
amounts = st.integers(1, 900)


@st.composite
def rule_sets(draw: st.DrawFn) -> SourcingRules:
    def some(rule: st.SearchStrategy[dict[str, Any]]) -> list[dict[str, Any]]:
        drawn = draw(st.lists(rule, max_size=2))
        return [one | {"name": f"r{number}"} for number, one in enumerate(drawn)]

    which = draw(st.sampled_from(["only", "never"]))
    filters = some(st.fixed_dictionaries({"goods": goods, which: conditions}))
    per_unit = st.fixed_dictionaries(
        {"goods": goods, "places": conditions, "unit": amounts},
        optional={"leaves_below": st.integers(1, 3)},
    )
    per_parcel = st.fixed_dictionaries({"places": conditions, "parcel": amounts})
    markdowns = st.fixed_dictionaries({"goods": goods, "places": conditions, "unit": amounts})
    return rules(
        filters=filters,
        charges=some(per_unit | per_parcel),
        markdowns=draw(st.lists(markdowns, max_size=2)),
        sorts=draw(st.lists(st.sampled_from(["nearest", "most_stock"]), max_size=2)),
        most_locations=draw(st.none() | st.integers(1, 2)),
        most_km=draw(st.none() | st.just(300)),
        kinds=draw(st.sampled_from([["warehouse"], ["warehouse", "store"]])),
        split=draw(st.integers(0, 600)),
    )


wanted_lines = st.lists(
    st.tuples(st.sampled_from(["MUG", "CUP"]), st.integers(1, 2)), min_size=1, max_size=2
)
here = st.sampled_from([one.location_id for one in PLACES])
rooms = st.dictionaries(here, st.integers(0, 2), max_size=2)
lateness = st.dictionaries(here, st.integers(-1, 2), max_size=2)
stocks = st.fixed_dictionaries({key: st.integers(0, 2) for key in STOCK})


@settings(max_examples=150, deadline=None)
@given(wanted_lines, stocks, rule_sets(), rooms, lateness)
def test_no_plan_that_the_rules_allow_is_better(
    wanted: list[tuple[str, int]],
    stock: dict[tuple[str, str], int],
    given_rules: SourcingRules,
    room: dict[str, int],
    late: dict[str, int],
) -> None:
    """Every plan there is, judged by the words of the rules: none ships more, or costs less."""
    order = order_of(*wanted)
    found = source(
        order, PLACES, stock, given_rules, products=PRODUCTS, late_days=late, capacity=room
    )
    pieces = [line for line in order.lines for _ in range(line.ordered)]
    best = min(
        worth
        for places in every([None, *PLACES], repeat=len(pieces))
        if not any(len([p for p in places if p and p.location_id == at]) > room[at] for at in room)
        and (
            worth := judged(order, list(zip(pieces, places, strict=True)), stock, given_rules, late)
        )
    )
    assert (sum(found.unfilled.values()), found.cost) == best
    again = source(
        order, PLACES, stock, given_rules, products=PRODUCTS, late_days=late, capacity=room
    )
    assert again == found


def judged(
    order: Order,
    pieces: list[tuple[Any, Location | None]],
    stock: dict[tuple[str, str], int],
    given: SourcingRules,
    late: dict[str, int],
) -> tuple[int, int] | None:
    """(units not shipped, cost) of a plan, unit by unit; None where it is not allowed."""
    shipped = [(line, one) for line, one in pieces if one]
    used = {one.location_id: one for _, one in shipped}
    if given.most_locations and len(used) > given.most_locations:
        return None
    for sku, one in every(("MUG", "CUP"), PLACES):
        here = [
            line for line, at in shipped if (line.sku, at.location_id) == (sku, one.location_id)
        ]
        if len(here) > stock[sku, one.location_id]:
            return None
    cost = given.split * max(0, len(used) - 1)
    to = order.shipping_address
    for one in used.values():
        base = (
            source(order_of(("CUP", 1)), [one], {("CUP", one.location_id): 1}, SourcingRules())
            .candidates[0]
            .costs
        )
        assert base
        km = distance_km(one, to)
        if one.kind not in given.kinds or (given.most_km and km and km > given.most_km):
            return None
        cost += base.parcel + base.border + given.handling_parcel
        cost += given.late_day * max(0, late.get(one.location_id, 0))
        cost += sum(rule.parcel for rule in given.charges if rule.places.matches(one, to))
    for line, one in shipped:
        product: Product = PRODUCTS[line.sku]
        for rule in given.filters:
            applies = rule.goods.matches(line, product)
            outside = rule.only and not rule.only.matches(one, to)
            if applies and (outside or (rule.never and rule.never.matches(one, to))):
                return None
        km = distance_km(one, to)
        cost += given.handling_unit - (-product.weight_grams * given.zone(km).per_kg // 1000)
        asked = sum(other.ordered for other in order.lines if other.sku == line.sku)
        for charge in given.charges:
            floor = charge.leaves_below
            scarce = floor is None or stock[line.sku, one.location_id] - asked < floor
            if scarce and charge.goods.matches(line, product) and charge.places.matches(one, to):
                cost += charge.unit
        losses = {
            at.location_id: sum(
                rule.unit
                for rule in given.markdowns
                if rule.goods.matches(line, product) and rule.places.matches(at, to)
            )
            for at in PLACES
            if stock[line.sku, at.location_id]
        }
        cost += max(losses.values()) - losses[one.location_id]
    return len(pieces) - len(shipped), cost
