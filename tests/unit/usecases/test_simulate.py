"""Past decisions replayed with other rules: from the stock as it was, and changing nothing."""

from datetime import timedelta
from typing import Any

import pytest

from doorstep.domain.errors import InvalidCommand
from doorstep.domain.rules import SourcingRules
from doorstep.domain.simulation import Comparison, SimulationPage, Summary
from doorstep.usecases.simulate import Simulation, simulate
from tests import builders as a
from tests.shop import Shop

NORTH = {"filters": [{"name": "north", "never": {"locations": ["BERLIN"]}}]}


def replay(shop: Shop, rules: dict[str, Any] | None = None, **more: Any) -> SimulationPage:
    given = {"rules": SourcingRules(**rules or {}), "since": a.NOW} | more
    return simulate(
        Simulation(**given),
        decisions=shop.decisions,
        orders=shop.orders,
        catalog=shop.catalog,
        clock=lambda: shop.clock() + timedelta(seconds=1),
    )


def only(page: SimulationPage) -> Comparison:
    (comparison,) = page.comparisons
    return comparison


def test_the_same_rules_decide_the_same(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=1, HAMBURG=5)
    shop.sells("CUP", BERLIN=1)
    order = shop.sold(("MUG", 2), ("CUP", 1))
    same = only(replay(shop))
    assert (
        same.plan_before
        == same.plan_after
        == {
            "BERLIN": {"1": 1, "2": 1},
            "HAMBURG": {"1": 1},
        }
    )
    assert same.before == same.after
    assert same.before.cost == same.cost_then.minor
    assert (same.order_id, same.rules, same.differs) == (order.order_id, "default@0", False)


def test_other_rules_are_compared_by_what_counts(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5, HAMBURG=5)
    shop.sold(("MUG", 2))
    other = only(replay(shop, NORTH))
    assert (other.plan_before, other.plan_after) == ({"BERLIN": {"1": 2}}, {"HAMBURG": {"1": 2}})
    assert other.before.model_dump() == {
        "cost": 542,
        "parcels": 1,
        "splits": 0,
        "km": 0,
        "late_days": 0,
        "unfilled": 0,
    }
    assert other.after.cost > other.before.cost
    assert other.after.km > 200


def test_the_stock_is_that_of_then(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=1, HAMBURG=2)
    shop.sold(("MUG", 1))
    shop.advance(seconds=1)
    shop.sold(("MUG", 2), key="cart-2")
    shop.gets("MUG", BERLIN=50)
    page = replay(shop, {"split": 0})
    assert [one.plan_after for one in page.comparisons] == [
        {"BERLIN": {"1": 1}},
        {"HAMBURG": {"1": 2}},
    ]


def test_what_has_happened_to_the_order_since_does_not_count(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5, HAMBURG=5)
    order = shop.shipped(("MUG", 2))
    shop.catalog.save(a.location("BERLIN", active=False))
    assert only(replay(shop)).plan_after == {"BERLIN": {"1": 2}}
    assert shop.order(order.order_id) == order


def test_a_second_decision_leaves_out_who_had_failed(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5, HAMBURG=5)
    order = shop.sold(("MUG", 2))
    shop.releases(f"{order.order_id}-F1")
    shop.rejects(f"{order.order_id}-F1")
    shop.settle()
    first, second = replay(shop).comparisons
    assert (list(first.plan_after), list(second.plan_after)) == (["BERLIN"], ["HAMBURG"])


def test_units_that_no_stock_held_keep_a_complete_order_waiting(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=1)
    order = shop.hears(a.storefront_order(a.sold("1", "MUG", 3)))
    assert order
    shop.allocates(order.order_id)
    assert only(replay(shop)).plan_after == {"BERLIN": {"1": 1}}
    waits = only(replay(shop, {"complete": True}))
    assert (waits.plan_after, waits.after.unfilled) == ({}, 1)


def test_only_orders_of_the_channel_are_replayed(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=9)
    for channel in ("web", "b2b", "b2b"):
        shop.sold(("MUG", 1), key=f"{channel}-{len(shop.memory.orders)}", channel=channel)
    assert len(replay(shop).comparisons) == 3
    assert len(replay(shop, {"channel": "b2b"}).comparisons) == 2
    assert len(replay(shop, {"channel": "b2b"}, channel="web").comparisons) == 1


def test_actions_of_the_rules_are_told(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=9)
    shop.sold(("MUG", 1))
    look = {"name": "look", "do": "hold", "orders": {"skus": ["MUG"]}}
    page = replay(shop, {"actions": [look]})
    assert only(page).actions == ("look",)
    assert Summary.of(page.comparisons).stopped == 1


def test_what_was_not_kept_whole_is_counted_and_left_out(shop: Shop) -> None:
    places = {f"STORE-WITH-QUITE-A-LONG-NAME-{number:03}": 1 for number in range(500)}
    shop.sells("MUG", BERLIN=5, **places)
    shop.sold(("MUG", 2))
    page = replay(shop)
    assert (page.comparisons, page.left_out) == ((), 1)


def test_what_is_about_lines_or_places_of_the_past_is_left_out(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 2))
    del shop.memory.locations["BERLIN"]
    assert replay(shop).left_out == 1
    shop.catalog.save(a.location("BERLIN"))
    assert replay(shop).left_out == 0
    other = tuple(line.changed(line_id="9") for line in order.lines)
    stored = shop.memory.orders[order.order_id]
    shop.memory.orders[order.order_id] = order.changed(lines=other)
    assert replay(shop).left_out == 1
    shop.memory.orders[order.order_id] = stored


def test_pages_add_up(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=2, HAMBURG=9)
    for number in range(5):
        shop.sold(("MUG", 1), key=f"c{number}")
    first = replay(shop, NORTH, limit=3)
    second = replay(shop, NORTH, limit=3, after=first.after)
    summary = Summary.of((*first.comparisons, *second.comparisons))
    assert (second.after, summary.decisions, summary.differ) == (None, 5, 2)
    assert (summary.before.parcels, summary.after.parcels) == (5, 5)
    assert summary.after.cost > summary.before.cost


def test_more_than_five_years_back_is_refused(shop: Shop) -> None:
    with pytest.raises(InvalidCommand, match="five years"):
        replay(shop, since=a.NOW - timedelta(days=2_000))
