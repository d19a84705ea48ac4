"""Sourcing: the nearest place that has it, whole orders before splits, and why."""

from hypothesis import given
from hypothesis import strategies as st

from doorstep.domain.address import Address
from doorstep.domain.catalog import LocationKind
from doorstep.domain.order import LineKind
from doorstep.domain.sourcing import source
from tests import builders as a

PLACES = [
    a.location("BERLIN"),
    a.location("HAMBURG", a.HAMBURG),
    a.location("PARIS", Address(country="FR", postal_code="75001")),
]


def chosen(stock: dict[tuple[str, str], int], *lines: tuple[str, int]) -> dict[str, dict[str, int]]:
    order = a.draft("O-A", *(a.line(str(n), sku, q) for n, (sku, q) in enumerate(lines, start=1)))
    found: dict[str, dict[str, int]] = {}
    for part in source(order, PLACES, stock).assignments:
        found.setdefault(part.location_id, {})[part.line_id] = part.quantity
    return found


def test_a_place_at_home_comes_before_one_abroad() -> None:
    stock = {("MUG", "PARIS"): 9, ("MUG", "HAMBURG"): 9}
    assert chosen(stock, ("MUG", 1)) == {"HAMBURG": {"1": 1}}


def test_what_a_place_at_home_lacks_comes_from_abroad() -> None:
    stock = {("MUG", "PARIS"): 9, ("CUP", "HAMBURG"): 9}
    assert chosen(stock, ("MUG", 1), ("CUP", 1)) == {"HAMBURG": {"2": 1}, "PARIS": {"1": 1}}


def test_priority_decides_between_equals() -> None:
    places = [a.location("B", priority=2), a.location("A", priority=3), a.location("C", priority=1)]
    order = a.draft("O-A", a.line("1", "MUG"))
    stock = {("MUG", place.location_id): 1 for place in places}
    (part,) = source(order, places, stock).assignments
    assert part.location_id == "C"


def test_a_location_that_failed_is_not_asked_again() -> None:
    order = a.draft("O-A", a.line("1", "MUG", excluded=("BERLIN",)))
    stock = {("MUG", "BERLIN"): 9, ("MUG", "PARIS"): 9}
    (part,) = source(order, PLACES, stock).assignments
    assert part.location_id == "PARIS"


def test_what_nobody_has_is_told() -> None:
    order = a.draft("O-A", a.line("1", "MUG", 3))
    found = source(order, PLACES, {("MUG", "BERLIN"): 2})
    assert found.unfilled == {"1": 1}
    assert [part.quantity for part in found.assignments] == [2]
    nothing = source(order, PLACES, {})
    assert (nothing.why, nothing.unfilled) == ("no location has it", {"1": 3})


def test_everybody_who_was_considered_is_named_with_what_they_could_fill() -> None:
    order = a.draft("O-A", a.line("1", "MUG", 3))
    found = source(order, PLACES, {("MUG", "BERLIN"): 2, ("MUG", "PARIS"): 9})
    fills = [(one.location_id, one.fills) for one in found.candidates]
    assert fills == [("BERLIN", 2), ("HAMBURG", 0), ("PARIS", 3)]


def test_only_a_workshop_makes_to_order() -> None:
    order = a.draft("O-A", a.line("1", "PEN", kind=LineKind.MADE_TO_ORDER))
    stock = {("PEN", "BERLIN"): 9, ("PEN", "ATELIER"): 1}
    workshop = a.location("ATELIER", a.HAMBURG, kind=LocationKind.WORKSHOP.value)
    (part,) = source(order, [*PLACES, workshop], stock).assignments
    assert part.location_id == "ATELIER"


skus = st.sampled_from(["MUG", "CUP"])


@given(
    st.lists(st.tuples(skus, st.integers(1, 9)), min_size=1, max_size=4),
    st.dictionaries(
        st.tuples(skus, st.sampled_from([place.location_id for place in PLACES])),
        st.integers(0, 9),
    ),
)
def test_nothing_is_assigned_twice_or_from_where_it_is_not(
    wanted: list[tuple[str, int]], stock: dict[tuple[str, str], int]
) -> None:
    order = a.draft("O-A", *(a.line(str(n), sku, q) for n, (sku, q) in enumerate(wanted)))
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
