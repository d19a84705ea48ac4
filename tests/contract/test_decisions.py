"""The contract of Decisions: every routing decision, by when it was made."""

from datetime import UTC, datetime, timedelta

import pytest

from doorstep.domain import allocating
from doorstep.domain.errors import InvalidCommand
from doorstep.domain.sourcing import source
from tests import builders as a
from tests.contract.test_queues import placed, stocked
from tests.contract.world import World

LATER = a.NOW + timedelta(days=400)


def routed(world: World, order_id: str, at: datetime) -> None:
    """Placed and routed at that time."""
    world.clock.now = at
    order = placed(world, a.being_checked_out(order_id, a.line("1", "MUG"), at=at))
    places = {"BERLIN": a.location("BERLIN")}
    found = source(order, [*places.values()], {("MUG", "BERLIN"): 99})
    products = {"MUG": a.product("MUG")}
    world.orders.commit(allocating.allocate(order, found, places=places, products=products, at=at))


def ids(world: World, since: datetime, until: datetime = LATER) -> list[str]:
    return [item.order_id for item in world.decisions.routed(since, until, 50, None)[0]]


def test_decisions_come_oldest_first_over_the_months(world: World) -> None:
    stocked(world, MUG=99)
    times = [a.NOW, a.NOW + timedelta(minutes=1), a.NOW + timedelta(days=40)]
    times += [datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)]
    for number, at in enumerate(times):
        routed(world, f"O-{number}", at)
    assert ids(world, a.NOW) == ["O-0", "O-1", "O-2", "O-3", "O-4"]
    assert ids(world, times[1]) == ["O-1", "O-2", "O-3", "O-4"]
    assert ids(world, a.NOW, times[3]) == ["O-0", "O-1", "O-2"]
    assert ids(world, LATER) == []
    (item,) = world.decisions.routed(times[4], LATER, 1, None)[0]
    assert (item.name, item.at) == ("order.routed", times[4])


def test_they_are_paged_without_a_gap(world: World) -> None:
    stocked(world, MUG=99)
    for number in range(7):
        routed(world, f"O-{number}", a.NOW + timedelta(days=9 * number))
    found, after = [], None
    while True:
        page, after = world.decisions.routed(a.NOW, LATER, 3, after)
        found.append([item.order_id for item in page])
        if after is None:
            break
    assert found == [["O-0", "O-1", "O-2"], ["O-3", "O-4", "O-5"], ["O-6"]]


@pytest.mark.parametrize("cursor", ["x", "2026-99-01T", "zzzz-zz-zz"])
def test_what_is_no_cursor_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(InvalidCommand, match="cursor"):
        world.decisions.routed(a.NOW, LATER, 3, cursor)
