"""`doorstep route` against the functions themselves: why, by which rules, and what if."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from cli.__main__ import app
from functions.allocate import allocate, rules_api, stockkeeping_api
from functions.checkout import api
from local.client import Doorstep, Refused
from tests import builders as a
from tests.handlers.cloud import Cloud, call, consume

Type = Callable[..., Result]

NORTH = {
    "channel": "web",
    "version": 1,
    "filters": [{"name": "north", "only": {"locations": ["HAMBURG"]}}],
}


@pytest.fixture
def typed(sold: str) -> Type:  # noqa: ARG001
    """Type a command and see what is printed; refusals are raised."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        module = api if request.url.path.startswith("/orders/") else rules_api
        found = call(module, request.method, request.url.path, body)
        return httpx.Response(found.status, json=found.body, headers=found.headers)

    def run(*words: str) -> Result:
        transport = httpx.MockTransport(answer)
        typed = CliRunner().invoke(app, words, obj=lambda: Doorstep("http://api", "key", transport))
        if typed.exception and not isinstance(typed.exception, SystemExit):
            raise typed.exception
        return typed

    return run


@pytest.fixture
def sold(shop: Cloud) -> str:
    """An order of two mugs, which Berlin ships and Hamburg could; its id."""
    goods = {"receipt_id": "R9", "goods": [{"sku": "MUG", "quantity": 5}]}
    assert call(stockkeeping_api, "POST", "/locations/HAMBURG/receipts", goods).status == 201
    cart = a.cart(("MUG", 2)).model_dump(mode="json")
    answer = call(api, "POST", "/orders", cart, headers={"idempotency-key": "c1"})
    order_id: str = answer.body["order_id"]
    assert consume(allocate, *shop.on_the_bus(order_id, "order.placed")) == []
    return order_id


@pytest.fixture
def rules(tmp_path: Path) -> Callable[[Any], str]:
    """Rules in a file; its name."""

    def written(given: Any) -> str:
        file = tmp_path / "rules.json"
        file.write_text(json.dumps(given))
        return str(file)

    return written


def test_an_order_is_explained_in_sentences(typed: Type, sold: str) -> None:
    text = typed("route", "explain", sold).stdout
    assert "BERLIN costs the least. It costs 5.42 EUR by the rules default@0." in text
    assert "  HAMBURG (255 km) could ship 2 for " in text
    (decision,) = json.loads(typed("route", "explain", sold, "--json").stdout)
    assert decision["decision"]["plan"] == {"BERLIN": {"1": 2}}


def test_an_order_that_is_not_there_is_not_explained(typed: Type) -> None:
    with pytest.raises(Refused, match="404"):
        typed("route", "explain", "O-NONE")


@pytest.mark.parametrize("role", ["customer", "storefront", "warehouse"])
def test_what_shipping_costs_the_merchant_is_for_agents(sold: str, role: str) -> None:
    assert call(api, "GET", f"/orders/{sold}/routing", role="agent").status == 200
    assert call(api, "GET", f"/orders/{sold}/routing", role=role).status == 403
    trial = {"rules": NORTH, "since": "2026-01-01T00:00:00Z"}
    assert call(rules_api, "POST", "/sourcing-rules/simulate", trial, role=role).status == 403


def test_rules_are_written_from_a_file_and_shown(typed: Type, rules: Callable[[Any], str]) -> None:
    assert typed("route", "write", rules(NORTH)).stdout == "web@1 is in force\n"
    shown = json.loads(typed("route", "rules", "web").stdout)
    assert [one["name"] for one in shown["filters"]] == ["north"]


def test_a_fault_in_a_file_is_told_at_its_place(typed: Type, rules: Callable[[Any], str]) -> None:
    refused = typed("route", "write", rules(NORTH | {"filters": [{"name": "x", "onyl": {}}]}))
    assert refused.exit_code == 2
    assert "filters.0.onyl: Extra inputs" in " ".join(refused.stderr.split())
    assert json.loads(typed("route", "rules", "web").stdout)["version"] == 0


def test_other_rules_are_tried_on_past_orders(
    typed: Type, sold: str, rules: Callable[[Any], str]
) -> None:
    words = ("route", "simulate", "--rules", rules(NORTH), "--since", "2026-01-01")
    text = typed(*words, "--orders").stdout
    rows = [line.split() for line in text.splitlines()]
    assert text.startswith("1 decisions, 1 would differ\n")
    assert ["parcels", "1", "1", "0"] in rows
    assert ["km", "0", "255", "255"] in rows
    assert any(row[:3] == [sold, "BERLIN", "HAMBURG"] for row in rows)
    told = json.loads(typed(*words, "--json").stdout)
    assert (told["summary"]["differ"], told["comparisons"]) == (1, [])
    assert told["summary"]["after"]["cost"] > told["summary"]["before"]["cost"]


def test_only_decisions_of_the_time_and_channel_are_tried(
    typed: Type, rules: Callable[[Any], str]
) -> None:
    words = ("route", "simulate", "--rules", rules(NORTH))
    for more in (
        ("--since", "2026-01-01", "--until", "2026-01-02"),
        ("--since", "2999-01-01"),
        ("--since", "2026-01-01", "--channel", "b2b"),
    ):
        assert typed(*words, *more).stdout.startswith("0 decisions, 0 would differ\n")
    with pytest.raises(Refused, match="five years"):
        typed(*words, "--since", "2001-01-01")


def test_trying_rules_changes_nothing(
    typed: Type, sold: str, rules: Callable[[Any], str], shop: Cloud
) -> None:
    before = shop.rows()
    typed("route", "simulate", "--rules", rules(NORTH), "--since", "2026-01-01")
    assert shop.rows() == before
    assert call(api, "GET", f"/orders/{sold}").body["version"] == 3
