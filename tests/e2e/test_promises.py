"""What the product page says, the checkout promises; and the ledger tells how it went."""

import httpx
import pytest

from doorstep.domain.availability import StockState
from doorstep.domain.promise_ledger import PromiseState
from local.client import Refused
from tests.e2e.world import ADDRESS, World

HERE = {name: ADDRESS[name] for name in ("country", "region", "postal_code")}


def test_what_the_product_page_says_is_what_checkout_promises(world: World) -> None:
    sku = world.sells({"leipzig": 4})
    shown = world.caller("").availability(sku, quantity="2", **HERE)
    (line,) = shown.lines
    assert (line.state, line.left) == (StockState.LOW_STOCK, 4)
    assert [(place.location_id, place.units) for place in line.places] == [("leipzig", 4)]

    cart = {"currency": "EUR", "lines": [{"sku": sku, "quantity": 2}], **HERE}
    quoted = world.admin.quote(cart)
    assert {one.code for one in quoted.options} == {one.code for one in shown.options}
    express = next(one for one in quoted.options if one.code == "express")
    order = world.checks_out({sku: 2}, delivery_option="express")
    assert order.promise
    assert order.totals.total == express.total
    assert (order.promise.ship_by, order.promise.deliver_by) == (
        express.ship_by,
        express.deliver_by,
    )
    assert order.promise.places == ("leipzig",)


def test_the_page_may_be_kept_for_a_moment_and_faults_are_named(world: World) -> None:
    sku = world.sells({"leipzig": 1})
    url = world.outputs.api_url + "/availability"
    with httpx.Client(trust_env=False) as browser:
        answer = browser.get(url, params={"sku": sku, "country": "DE"})
        assert answer.headers["cache-control"].startswith("public, max-age=")
        assert browser.get(url, params={"sku": sku, "country": "XX"}).status_code == 422
    with pytest.raises(Refused) as refusal:
        world.caller("").availability("NO-SUCH-THING", "DE")
    assert refusal.value.status == 404
    with pytest.raises(Refused) as refusal:
        world.caller("").quote({})
    assert refusal.value.status == 401


def test_the_ledger_of_a_delivered_order_has_every_step(world: World) -> None:
    order = world.delivered({world.sells({"leipzig": 1}): 1})
    ledger = order.promise_ledger
    assert ledger
    assert ledger.state is PromiseState.KEPT
    steps = list(ledger.steps.model_dump(exclude={"begun_at", "made_at"}).values())
    assert all(steps)
    assert steps[:3] == sorted(steps[:3])
