"""Sourcing: units before money, money before preference, and a verdict on every location."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.domain.address import Address
from doorstep.domain.catalog import LocationKind
from doorstep.domain.order import LineKind, Order
from doorstep.domain.routing import Verdict
from doorstep.domain.rules import Markdown, PlaceMatch, SourcingRules, Zone
from doorstep.domain.sourcing import Sourcing, source
from tests import builders as a

PARIS = Address(country="FR", postal_code="75001")
PLACES = [
    a.location("BERLIN"),
    a.location("HAMBURG", a.HAMBURG),
    a.location("PARIS", PARIS),
]
FLAT = SourcingRules(zones=(Zone(parcel=400, per_kg=0),), border=0)


def order_of(*lines: tuple[str, int]) -> Order:
    return a.draft("O-A", *(a.line(str(n), sku, q) for n, (sku, q) in enumerate(lines, start=1)))


def plan(found: Sourcing) -> dict[str, dict[str, int]]:
    """location → line → units."""
    places: dict[str, dict[str, int]] = {}
    for part in found.assignments:
        places.setdefault(part.location_id, {})[part.line_id] = part.quantity
    return places


def verdicts(found: Sourcing) -> dict[str, str]:
    return {one.location_id: one.verdict.value for one in found.candidates}


# --- the business --------------------------------------------------------------------------------


def test_a_place_at_home_comes_before_one_abroad() -> None:
    stock = {("MUG", "PARIS"): 9, ("MUG", "HAMBURG"): 9}
    assert plan(source(order_of(("MUG", 1)), PLACES, stock)) == {"HAMBURG": {"1": 1}}


def test_what_a_place_at_home_lacks_comes_from_abroad() -> None:
    stock = {("MUG", "PARIS"): 9, ("CUP", "HAMBURG"): 9}
    found = source(order_of(("MUG", 1), ("CUP", 1)), PLACES, stock)
    assert plan(found) == {"HAMBURG": {"2": 1}, "PARIS": {"1": 1}}
    assert found.why == "no single location can ship everything: split over HAMBURG, PARIS"


def test_one_parcel_from_far_is_preferred_to_two_where_that_is_cheaper() -> None:
    stock = {("MUG", "BERLIN"): 1, ("MUG", "HAMBURG"): 2}
    found = source(order_of(("MUG", 2)), PLACES, stock)
    assert plan(found) == {"HAMBURG": {"1": 2}}
    assert found.cost < 2 * 390


def test_two_parcels_are_preferred_to_one_where_that_is_cheaper() -> None:
    stock = {("MUG", "BERLIN"): 1, ("CUP", "HAMBURG"): 1, ("MUG", "PARIS"): 1, ("CUP", "PARIS"): 1}
    rules = SourcingRules(border=2_000)
    found = source(order_of(("MUG", 1), ("CUP", 1)), PLACES, stock, rules)
    assert plan(found) == {"BERLIN": {"1": 1}, "HAMBURG": {"2": 1}}
    assert found.why == "a split costs less than one parcel: BERLIN, HAMBURG"
    assert found.split == 200


def test_a_heavy_order_is_not_carried_far_to_save_a_parcel() -> None:
    stock = {("MUG", "BERLIN"): 9, ("CUP", "HAMBURG"): 1, ("MUG", "PARIS"): 9, ("CUP", "PARIS"): 9}
    order = order_of(("MUG", 2), ("CUP", 1))
    light = source(order, PLACES, stock, products={"MUG": a.product("MUG", weight_grams=100)})
    heavy = source(order, PLACES, stock, products={"MUG": a.product("MUG", weight_grams=20_000)})
    assert plan(light) == {"PARIS": {"1": 2, "2": 1}}
    assert plan(heavy) == {"BERLIN": {"1": 2}, "HAMBURG": {"2": 1}}


def test_only_a_workshop_makes_to_order() -> None:
    order = a.draft("O-A", a.line("1", "PEN", kind=LineKind.MADE_TO_ORDER))
    stock = {("PEN", "BERLIN"): 9, ("PEN", "ATELIER"): 1}
    workshop = a.location("ATELIER", a.HAMBURG, kind=LocationKind.WORKSHOP.value)
    found = source(order, [*PLACES, workshop], stock)
    assert plan(found) == {"ATELIER": {"1": 1}}
    assert verdicts(found)["BERLIN"] == "unable"


def test_a_showroom_ships_only_where_it_says_so() -> None:
    stock = {("MUG", "GALLERY"): 9, ("MUG", "PARIS"): 9}
    for capabilities, chosen in (({}, "PARIS"), ({"capabilities": ("ship",)}, "GALLERY")):
        gallery = a.location("GALLERY", kind=LocationKind.SHOWROOM.value, **capabilities)
        found = source(order_of(("MUG", 1)), [*PLACES, gallery], stock)
        assert plan(found) == {chosen: {"1": 1}}


def test_goods_that_must_stay_cold_come_from_where_it_is_cold() -> None:
    stock = {("MILK", "BERLIN"): 9, ("MILK", "FRIDGE"): 9}
    fridge = a.location("FRIDGE", PARIS, capabilities=("ship", "cold"))
    milk = a.product("MILK", requires=("cold",))
    found = source(order_of(("MILK", 1)), [*PLACES, fridge], stock, products={"MILK": milk})
    assert plan(found) == {"FRIDGE": {"1": 1}}


def test_a_location_that_failed_is_not_asked_again() -> None:
    order = a.draft("O-A", a.line("1", "MUG", excluded=("BERLIN",)))
    found = source(order, PLACES, {("MUG", "BERLIN"): 9, ("MUG", "PARIS"): 9})
    assert plan(found) == {"PARIS": {"1": 1}}
    assert verdicts(found)["BERLIN"] == "excluded"


def test_a_location_that_would_be_late_is_avoided_while_that_is_worth_it() -> None:
    stock = {("MUG", "BERLIN"): 9, ("MUG", "HAMBURG"): 9}
    found = source(order_of(("MUG", 1)), PLACES, stock, late_days={"BERLIN": 1, "HAMBURG": -3})
    assert plan(found) == {"HAMBURG": {"1": 1}}
    cheap = SourcingRules(late_day=1)
    found = source(order_of(("MUG", 1)), PLACES, stock, cheap, late_days={"BERLIN": 1})
    assert plan(found) == {"BERLIN": {"1": 1}}


def test_goods_that_lose_value_are_shipped_first() -> None:
    stock = {("MUG", "BERLIN"): 9, ("MUG", "HAMBURG"): 9}
    outlet = Markdown(places=PlaceMatch(locations=("HAMBURG",)), unit=500)
    found = source(order_of(("MUG", 1)), PLACES, stock, SourcingRules(markdowns=(outlet,)))
    assert plan(found) == {"HAMBURG": {"1": 1}}
    berlin = next(one for one in found.candidates if one.location_id == "BERLIN")
    assert berlin.costs
    assert berlin.costs.markdown == 500


def test_a_location_ships_no_more_than_it_has_capacity_for() -> None:
    stock = {("MUG", "BERLIN"): 9, ("MUG", "HAMBURG"): 9}
    found = source(order_of(("MUG", 3)), PLACES, stock, capacity={"BERLIN": 2, "HAMBURG": 2})
    assert plan(found) == {"BERLIN": {"1": 2}, "HAMBURG": {"1": 1}}
    full = source(order_of(("MUG", 3)), PLACES, stock, capacity={"BERLIN": 0})
    assert plan(full) == {"HAMBURG": {"1": 3}}
    assert verdicts(full)["BERLIN"] == "full"


def test_handling_that_is_dear_somewhere_sends_the_order_elsewhere() -> None:
    stock = {("MUG", "BERLIN"): 9, ("MUG", "HAMBURG"): 9}
    places = [a.location("BERLIN", unit_cost=900), *PLACES[1:]]
    assert plan(source(order_of(("MUG", 1)), places, stock)) == {"HAMBURG": {"1": 1}}


def test_priority_decides_between_equals_then_the_id() -> None:
    places = [a.location("B", priority=2), a.location("A", priority=2), a.location("C", priority=1)]
    stock = {("MUG", place.location_id): 1 for place in places}
    assert plan(source(order_of(("MUG", 1)), places, stock)) == {"C": {"1": 1}}
    assert plan(source(order_of(("MUG", 1)), places[:2], stock)) == {"A": {"1": 1}}
    assert plan(source(order_of(("MUG", 2)), places, stock)) == {"A": {"1": 1}, "C": {"1": 1}}


# --- what the rules forbid -----------------------------------------------------------------------


def test_no_more_parcels_than_allowed() -> None:
    stock = {("MUG", "BERLIN"): 2, ("MUG", "HAMBURG"): 1}
    found = source(order_of(("MUG", 3)), PLACES, stock, SourcingRules(most_locations=1))
    assert plan(found) == {"BERLIN": {"1": 2}}
    assert found.unfilled == {"1": 1}


def test_not_from_farther_than_allowed() -> None:
    rules = SourcingRules(most_km=300)
    found = source(order_of(("MUG", 1)), PLACES, {("MUG", "PARIS"): 9}, rules)
    assert plan(found) == {}
    assert verdicts(found)["PARIS"] == "too_far"


def test_only_from_allowed_kinds_of_location() -> None:
    rules = SourcingRules(kinds=(LocationKind.STORE,))
    shop = a.location("SHOP", PARIS, kind="store")
    stock = {("MUG", "BERLIN"): 9, ("MUG", "SHOP"): 9}
    found = source(order_of(("MUG", 1)), [*PLACES, shop], stock, rules)
    assert plan(found) == {"SHOP": {"1": 1}}
    assert verdicts(found)["BERLIN"] == "kind"


def test_a_line_that_must_stay_whole_is_not_split() -> None:
    stock = {("MUG", "BERLIN"): 2, ("MUG", "PARIS"): 3, ("CUP", "BERLIN"): 1}
    order = order_of(("MUG", 3), ("CUP", 1))
    found = source(order, PLACES, stock, SourcingRules(whole_lines=True))
    assert plan(found) == {"BERLIN": {"2": 1}, "PARIS": {"1": 3}}
    short = source(order, PLACES[:2], stock, SourcingRules(whole_lines=True))
    assert (plan(short), short.unfilled) == ({"BERLIN": {"2": 1}}, {"1": 3})


def test_an_order_that_must_be_complete_waits_whole() -> None:
    stock = {("MUG", "BERLIN"): 9}
    rules = SourcingRules(complete=True)
    found = source(order_of(("MUG", 2), ("CUP", 1)), PLACES, stock, rules)
    assert (plan(found), found.unfilled) == ({}, {"1": 2, "2": 1})
    assert verdicts(found)["BERLIN"] == "incomplete"
    assert found.why == "not everything can be shipped yet, and nothing is to go before"
    assert plan(source(order_of(("MUG", 2)), PLACES, stock, rules)) == {"BERLIN": {"1": 2}}


# --- the explanation -----------------------------------------------------------------------------


def test_what_nobody_has_is_told() -> None:
    found = source(order_of(("MUG", 3)), PLACES, {("MUG", "BERLIN"): 2})
    assert found.unfilled == {"1": 1}
    assert [part.quantity for part in found.assignments] == [2]
    nothing = source(order_of(("MUG", 3)), PLACES, {})
    assert (nothing.why, nothing.unfilled) == ("no location has it", {"1": 3})


def test_everybody_who_was_considered_is_named_with_a_verdict_and_what_it_would_cost() -> None:
    closed = a.location("CLOSED", active=False)
    stock = {("MUG", "BERLIN"): 2, ("MUG", "PARIS"): 9, ("MUG", "CLOSED"): 9}
    found = source(order_of(("MUG", 3)), [*PLACES, closed], stock)
    judged = [(one.location_id, one.verdict, one.fills) for one in found.candidates]
    assert judged == [
        ("PARIS", Verdict.CHOSEN, 3),
        ("BERLIN", Verdict.COSTLIER, 2),
        ("CLOSED", Verdict.INACTIVE, 3),
        ("HAMBURG", Verdict.OUT_OF_STOCK, 0),
    ]
    paris = found.candidates[0]
    assert paris.costs
    assert paris.costs.model_dump() == {
        "parcel": 590,
        "weight": 0,
        "border": 500,
        "handling": 80 + 3 * 30,
        "late": 0,
        "markdown": 0,
        "charges": 0,
    }
    assert (paris.ships, found.cost) == (3, 590 + 500 + 170)
    assert paris.km
    assert 850 < paris.km < 900
    assert found.why == "PARIS costs the least"


def test_the_only_one_that_can_is_said_to_be() -> None:
    found = source(order_of(("MUG", 1)), PLACES, {("MUG", "BERLIN"): 2})
    assert found.why == "BERLIN is the only one that can ship it"


def test_the_dearest_zone_counts_where_the_distance_is_not_known() -> None:
    nowhere = a.location("NOWHERE", Address(country="ZZ"))
    found = source(order_of(("MUG", 1)), [nowhere], {("MUG", "NOWHERE"): 1})
    (one,) = found.candidates
    assert one.km is None
    assert one.costs
    assert one.costs.parcel == 2_500


# --- properties ----------------------------------------------------------------------------------

skus = st.sampled_from(["MUG", "CUP"])
wanted_lines = st.lists(st.tuples(skus, st.integers(1, 9)), min_size=1, max_size=4)
stocks = st.dictionaries(
    st.tuples(skus, st.sampled_from([place.location_id for place in PLACES])),
    st.integers(0, 9),
)


@given(wanted_lines, stocks)
def test_nothing_is_assigned_twice_or_from_where_it_is_not(
    wanted: list[tuple[str, int]], stock: dict[tuple[str, str], int]
) -> None:
    order = order_of(*wanted)
    found = source(order, PLACES, stock)
    taken = dict(stock)
    for part in found.assignments:
        line = order.line(part.line_id)
        assert line.sku
        taken[line.sku, part.location_id] -= part.quantity
    assert all(left >= 0 for left in taken.values())
    for line in order.lines:
        given_to = sum(p.quantity for p in found.assignments if p.line_id == line.line_id)
        assert given_to + found.unfilled.get(line.line_id, 0) == line.ordered
    for sku in ("MUG", "CUP"):
        demand = sum(quantity for name, quantity in wanted if name == sku)
        supply = sum(units for (name, _), units in stock.items() if name == sku)
        filled = sum(p.quantity for p in found.assignments if order.line(p.line_id).sku == sku)
        assert filled == min(demand, supply)


@given(wanted_lines, stocks, st.permutations(PLACES))
def test_the_order_in_which_locations_are_listed_changes_nothing(
    wanted: list[tuple[str, int]], stock: dict[tuple[str, str], int], places
) -> None:
    assert source(order_of(*wanted), places, stock) == source(order_of(*wanted), PLACES, stock)


@given(wanted_lines, stocks)
def test_the_cost_is_the_sum_of_what_is_explained(
    wanted: list[tuple[str, int]], stock: dict[tuple[str, str], int]
) -> None:
    found = source(order_of(*wanted), PLACES, stock, FLAT)
    places = {part.location_id for part in found.assignments}
    units = sum(part.quantity for part in found.assignments)
    assert {one.location_id for one in found.chosen} == places
    assert found.cost == 480 * len(places) + 30 * units + 200 * max(0, len(places) - 1)


@pytest.mark.parametrize("km", [None, 0, 49, 50, 51, 10**6])
def test_every_distance_has_a_zone(km: int | None) -> None:
    parcel = SourcingRules().zone(km).parcel
    assert parcel == {None: 2_500, 0: 390, 49: 390, 50: 390, 51: 450, 10**6: 2_500}[km]
