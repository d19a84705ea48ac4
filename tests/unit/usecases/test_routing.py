"""What sourcing decided is on the order's timeline: once per decision, small, and in money."""

from __future__ import annotations

from typing import Any

from doorstep.domain.allocating import MOST_EXPLAINED
from doorstep.domain.calendar import Calendar
from tests import builders as a
from tests.shop import Shop


def routed(shop: Shop, order_id: str) -> list[dict[str, Any]]:
    return [item.data for item in shop.orders.timeline(order_id) if item.name == "order.routed"]


def verdicts(decision: dict[str, Any]) -> dict[str, str]:
    return {one["location_id"]: one["verdict"] for one in decision["candidates"]}


def test_the_decision_names_every_candidate_and_each_cost_term(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5, HAMBURG=5)
    shop.catalog.save(a.location("EMPTY"))
    (decision,) = routed(shop, shop.sold(("MUG", 2)).order_id)
    assert decision["why"] == "BERLIN costs the least"
    assert decision["rules"] == "default@0"
    assert (decision["proven"], decision["omitted"]) == (True, 0)
    assert verdicts(decision) == {
        "BERLIN": "chosen",
        "HAMBURG": "costlier",
        "EMPTY": "out_of_stock",
    }
    berlin, hamburg, _ = decision["candidates"]
    assert berlin["costs"] == {
        "parcel": 390,
        "weight": 2 * 6,
        "border": 0,
        "handling": 80 + 2 * 30,
        "late": 0,
        "markdown": 0,
        "charges": 0,
    }
    assert decision["cost"] == {"minor": 390 + 12 + 140, "currency": "EUR"}
    assert (berlin["km"], berlin["ships"], hamburg["ships"], hamburg["fills"]) == (0, 2, 0, 2)
    assert hamburg["costs"]["parcel"] == 450


def test_a_second_decision_says_who_is_not_asked_again(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5, HAMBURG=5)
    order = shop.sold(("MUG", 2))
    shop.releases(f"{order.order_id}-F1")
    shop.rejects(f"{order.order_id}-F1")
    shop.settle()
    _, again = routed(shop, order.order_id)
    assert verdicts(again) == {"HAMBURG": "chosen", "BERLIN": "excluded"}
    assert again["why"] == "HAMBURG is the only one that can ship it"


def test_where_nobody_can_ship_it_that_is_explained_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 2))
    shop.releases(f"{order.order_id}-F1")
    shop.rejects(f"{order.order_id}-F1")
    shop.settle(times=3)
    assert [one["why"] for one in routed(shop, order.order_id)] == [
        "BERLIN is the only one that can ship it",
        "no location has it",
    ]


def test_a_place_that_would_miss_the_promise_is_avoided(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5, HAMBURG=5)
    order = shop.buys(("MUG", 1))
    shop.catalog.save(a.location("BERLIN", calendar=Calendar(processing_days=4)))
    shop.allocates(order.order_id)
    (decision,) = routed(shop, order.order_id)
    assert verdicts(decision) == {"HAMBURG": "chosen", "BERLIN": "costlier"}
    berlin = decision["candidates"][1]
    assert berlin["costs"]["late"] > 0


def test_an_explanation_stays_small_however_many_locations_there_are(shop: Shop) -> None:
    for number in range(60):
        shop.catalog.save(a.location(f"STORE-{number:02}", kind="store"))
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 2))
    (item,) = (i for i in shop.orders.timeline(order.order_id) if i.name == "order.routed")
    assert len(item.data["candidates"]) == MOST_EXPLAINED  # type: ignore[arg-type]
    assert item.data["omitted"] == 61 - MOST_EXPLAINED
    assert len(item.model_dump_json()) < 8_000
