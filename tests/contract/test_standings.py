"""The contract of Standings: stored with its events, found by time, by one writer at a time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from doorstep.adapters import aws
from doorstep.adapters.dynamo.standings import DynamoStandings
from doorstep.domain.availability import StockState
from doorstep.domain.errors import Conflict
from doorstep.domain.ledger import Drift
from doorstep.domain.standing import Standing
from doorstep.domain.stock import NetworkLevel, StockLevels
from doorstep.ports import Standings
from tests import builders as a
from tests.contract.fakes_orders import FakeStandings, FakeStock
from tests.contract.world import World

FAULT = Drift(sku="MUG", location_id="BERLIN", counter="on_hand", level=4, ledger=5)


@pytest.fixture
def standings(world: World) -> Standings:
    if isinstance(world.stock, FakeStock):
        return FakeStandings(world.stock.memory)
    return DynamoStandings(aws.client("dynamodb"), "doorstep", world.clock)


def seen(world: World, standing: Standing, units: int) -> Standing:
    levels = StockLevels(sku="MUG", network=(NetworkLevel(sku="MUG", available=units),))
    return standing.seen(a.product("MUG"), levels, world.clock())


def test_a_standing_is_kept_with_its_events(world: World, standings: Standings) -> None:
    assert standings.find(["MUG"]) == {}
    standings.save(seen(world, Standing.unknown("MUG", world.clock()), 9))
    kept = standings.find(["MUG", "CUP", "MUG"])
    assert kept["MUG"].state is StockState.IN_STOCK
    assert (kept["MUG"].version, kept["MUG"].sequence, set(kept)) == (1, 1, {"MUG"})
    standings.save(seen(world, kept["MUG"], 0))
    told = standings.events("MUG")
    assert [(item.sequence, item.name, item.data["before"]) for item in told] == [
        (1, "stock.back_in_stock", "out_of_stock"),
        (2, "stock.out", "in_stock"),
    ]


def test_the_second_of_two_writers_has_to_look_again(world: World, standings: Standings) -> None:
    first = seen(world, Standing.unknown("MUG", world.clock()), 9)
    standings.save(first)
    with pytest.raises(Conflict):
        standings.save(first)
    known = standings.find(["MUG"])["MUG"]
    standings.save(seen(world, known, 0))
    with pytest.raises(Conflict):
        standings.save(seen(world, known, 2))
    assert len(standings.events("MUG")) == 2


def test_it_is_found_when_its_time_has_come(world: World, standings: Standings) -> None:
    standings.save(seen(world, Standing.unknown("MUG", world.clock()), 9))
    now = world.clock()
    assert list(world.queues.due("standing", now + timedelta(days=6), 10)) == []
    assert list(world.queues.due("standing", now + timedelta(days=8), 10)) == ["MUG"]


def test_its_work_item_is_listed_while_it_is_open(world: World, standings: Standings) -> None:
    standings.save(Standing.unknown("MUG", world.clock()).audited([FAULT], world.clock()))
    (item,), _ = world.queues.work_items(10, None)
    assert (item.subject, item.cause) == ("MUG", "stock_drift")
    known = standings.find(["MUG"])["MUG"]
    standings.save(known.audited([], world.clock()))
    assert world.queues.work_items(10, None)[0] == []


def test_how_fast_it_sells_is_kept(world: World, standings: Standings) -> None:
    weeks = {date(2026, 2, 23): 4, date(2026, 3, 2): 3}
    since = world.clock() - timedelta(days=40)
    unknown = Standing.unknown("MUG", world.clock())
    standings.save(unknown.selling(weeks, since, datetime(2026, 3, 4, tzinfo=UTC)))
    kept = standings.find(["MUG"])["MUG"]
    assert (dict(kept.shipped), kept.known_since) == (weeks, since)


def test_many_are_found_at_once(world: World, standings: Standings) -> None:
    skus = [f"SKU-{number}" for number in range(120)]
    for sku in skus[::2]:
        standings.save(Standing.unknown(sku, world.clock()).audited([FAULT], world.clock()))
    assert sorted(standings.find(skus)) == sorted(skus[::2])
