"""Sourcing rules over HTTP: written by an admin, one version after the other, and followed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from functions.allocate import allocate, rules_api, stockkeeping_api
from functions.checkout import api, quote
from tests import builders as a
from tests.handlers.cloud import Cloud, call, consume

RULES = {
    "channel": "web",
    "version": 1,
    "filters": [{"name": "north", "only": {"locations": ["HAMBURG"]}}],
}
GUIDE = Path(__file__).parents[2] / "docs" / "sourcing.md"


def put(body: Any, channel: str = "web", **more: Any) -> Any:
    return call(rules_api, "PUT", f"/sourcing-rules/{channel}", body, **more)


@pytest.mark.usefixtures("shop")
def test_rules_are_written_and_looked_up() -> None:
    assert call(rules_api, "GET", "/sourcing-rules/web").body["version"] == 0
    first = put(RULES)
    assert (first.status, first.body["by"], first.body["rules"]["version"]) == (200, "ann", 1)
    assert put(RULES).body == first.body
    assert put(RULES | {"version": 2, "split": 900}, name="bob").status == 200
    in_force = call(rules_api, "GET", "/sourcing-rules/web", role="agent").body
    assert (in_force["version"], in_force["split"]) == (2, 900)
    versions = call(rules_api, "GET", "/sourcing-rules/web/versions", role="agent").body
    assert [(one["rules"]["version"], one["by"]) for one in versions] == [(2, "bob"), (1, "ann")]
    newest = call(rules_api, "GET", "/sourcing-rules/web/versions", query={"limit": "1"}).body
    assert newest == versions[:1]


@pytest.mark.usefixtures("shop")
def test_another_version_than_the_next_one_is_refused() -> None:
    put(RULES)
    for version in (1, 3):
        refused = put(RULES | {"version": version, "split": 1})
        assert refused.status == 409
        assert "next version is 2" in refused.body["detail"]
    assert call(rules_api, "GET", "/sourcing-rules/web").body["version"] == 1


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"spilt": 1}, "spilt"),
        ({"split": -1}, "split"),
        ({"filters": [{"name": "x"}]}, "filters.0"),
        ({"filters": [{"name": "x", "only": {"tag": ["y"]}}]}, "filters.0.only.tag"),
        ({"charges": [{"name": "X Y", "parcel": 1}]}, "charges.0.name"),
        ({"channel": "shopify"}, "channel"),
    ],
)
def test_a_fault_is_told_at_its_path_and_nothing_is_stored(
    change: dict[str, Any], path: str
) -> None:
    refused = put(RULES | change)
    assert refused.status == 422
    assert list(refused.faults) == [path]
    assert call(rules_api, "GET", "/sourcing-rules/web/versions").body == []


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("role", ["agent", "storefront", "warehouse", "customer"])
def test_only_an_admin_writes_rules(role: str) -> None:
    assert put(RULES, role=role).status == 403


def test_orders_follow_the_rules_of_their_channel(shop: Cloud) -> None:
    put(RULES)
    goods = {"receipt_id": "R2", "goods": [{"sku": "MUG", "quantity": 1}]}
    assert call(stockkeeping_api, "POST", "/locations/HAMBURG/receipts", goods).status == 201
    headers = {"idempotency-key": "c1"}
    cart = a.cart(("MUG", 1)).model_dump(mode="json")
    order_id = call(api, "POST", "/orders", cart, headers=headers).body["order_id"]
    assert consume(allocate, *shop.on_the_bus(order_id, "order.placed")) == []
    order = call(api, "GET", f"/orders/{order_id}").body
    assert [one["location_id"] for one in order["fulfillment_orders"]] == ["HAMBURG"]
    (routed,) = (one["data"] for one in order["timeline"] if one["name"] == "order.routed")
    assert routed["rules"] == "web@1"
    verdicts = {one["location_id"]: one["verdict"] for one in routed["candidates"]}
    assert verdicts == {"BERLIN": "filtered", "HAMBURG": "chosen"}


@pytest.mark.usefixtures("shop")
def test_what_only_a_barred_location_has_is_neither_offered_nor_sold() -> None:
    put(RULES)
    page = {"sku": "MUG", "country": "DE"}
    assert call(quote, "GET", "/availability", query=page, role="").body["options"] == []
    assert call(quote, "GET", "/availability", query=page | {"channel": "app"}, role="").body[
        "options"
    ]
    cart = a.cart(("MUG", 1)).model_dump(mode="json")
    refused = call(api, "POST", "/orders", cart, headers={"idempotency-key": "c1"})
    assert (refused.status, list(refused.faults)) == (422, ["delivery_option"])


@pytest.mark.usefixtures("shop")
def test_the_example_of_the_guide_is_taken_as_it_stands() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert put(json.loads(example)).status == 200
