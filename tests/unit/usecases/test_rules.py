"""Rules as data: a channel's orders go by its newest version."""

from typing import Any

import pytest

from doorstep.domain.errors import Conflict, InvalidCommand
from doorstep.domain.rules import SourcingRules
from doorstep.usecases.rules import rules_in_force, write_rules
from tests import builders as a
from tests.shop import Shop


def routed(shop: Shop, order_id: str) -> list[dict[str, Any]]:
    return [item.data for item in shop.orders.timeline(order_id) if item.name == "order.routed"]


def test_an_order_is_routed_by_the_rules_of_its_channel_which_it_names(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5, HAMBURG=5)
    shop.rules("web", filters=[{"name": "north", "only": {"locations": ["HAMBURG"]}}])
    web = shop.sold(("MUG", 1))
    outlet = shop.sold(("MUG", 1), key="cart-2", channel="outlet")
    assert [one.location_id for one in web.fulfillment_orders] == ["HAMBURG"]
    assert [one.location_id for one in outlet.fulfillment_orders] == ["BERLIN"]
    (decision,), (other,) = routed(shop, web.order_id), routed(shop, outlet.order_id)
    assert (decision["rules"], other["rules"]) == ("web@1", "default@0")
    berlin = next(one for one in decision["candidates"] if one["location_id"] == "BERLIN")
    assert (berlin["verdict"], berlin["rules"]) == ("filtered", ["north"])


def test_one_batch_goes_by_the_rules_of_several_channels(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5, HAMBURG=5)
    shop.rules("north", filters=[{"name": "north", "only": {"locations": ["HAMBURG"]}}])
    bought = [
        shop.buys(("MUG", 1), key=f"c{n}", channel=channel)
        for n, channel in enumerate(("north", "web"))
    ]
    shop.allocates(*(order.order_id for order in bought))
    places = [shop.order(o.order_id).fulfillment_orders[0].location_id for o in bought]
    assert places == ["HAMBURG", "BERLIN"]


def test_the_decision_keeps_what_it_was_made_from_and_what_it_came_to(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=1, HAMBURG=5)
    shop.sells("CUP", BERLIN=1)
    (decision,) = routed(shop, shop.sold(("MUG", 2), ("CUP", 1)).order_id)
    assert decision["seen"]["wanted"] == {"1": 2, "2": 1}
    assert decision["seen"]["stock"] == {"MUG": {"BERLIN": 1, "HAMBURG": 5}, "CUP": {"BERLIN": 1}}
    assert decision["plan"] == {"BERLIN": {"1": 1, "2": 1}, "HAMBURG": {"1": 1}}


def test_what_is_kept_with_a_decision_stays_small(shop: Shop) -> None:
    for number in range(600):
        place = f"STORE-WITH-QUITE-A-LONG-NAME-{number:03}"
        shop.catalog.save(a.location(place, kind="store"))
    places = {f"STORE-WITH-QUITE-A-LONG-NAME-{number:03}": 1 for number in range(600)}
    shop.sells("MUG", BERLIN=5, **places)
    order = shop.sold(("MUG", 2))
    (item,) = (i for i in shop.orders.timeline(order.order_id) if i.name == "order.routed")
    assert item.data["seen"]["stock"] == {}  # type: ignore[index]
    assert item.data["seen"]["whole"] is False  # type: ignore[index]
    assert len(item.model_dump_json()) < 12_000


def test_rules_are_written_one_version_after_the_other(shop: Shop) -> None:
    ports: dict[str, Any] = {"rule_book": shop.rule_book, "clock": shop.clock, "by": "ann"}
    first = SourcingRules(channel="web", version=1)
    assert write_rules("web", first, **ports).by == "ann"
    assert write_rules("web", first, **ports).rules == first
    with pytest.raises(Conflict, match="next version is 2"):
        write_rules("web", SourcingRules(channel="web", version=1, split=1), **ports)
    with pytest.raises(Conflict, match="next version is 2"):
        write_rules("web", SourcingRules(channel="web", version=3), **ports)
    with pytest.raises(InvalidCommand, match="the address says 'web'"):
        write_rules("web", SourcingRules(channel="shopify", version=2), **ports)
    assert len(shop.rule_book.editions("web", 9)) == 1


def test_the_rules_in_force_are_shown_for_every_channel(shop: Shop) -> None:
    assert rules_in_force("web", rule_book=shop.rule_book).label == "default@0"
    shop.rules("default")
    assert rules_in_force("web", rule_book=shop.rule_book).label == "default@1"
    shop.rules("web")
    assert rules_in_force("web", rule_book=shop.rule_book).label == "web@1"
