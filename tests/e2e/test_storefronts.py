"""Orders that a storefront has sold: placed once, followed, never refused."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from doorstep.domain.order import storefront_order_id
from local.client import Refused, sign, sign_shopify
from tests.e2e.world import PERSON, World

PAYLOADS = Path(__file__).parents[3] / "shared/providers/payloads"


def shopify_order(world: World, sku: str, quantity: int, **more: Any) -> dict[str, Any]:
    """As Shopify sends one, with what we read of it; its ids exceed 2^53."""
    now = datetime.now(UTC).isoformat()
    return {
        "id": 2**60 + world.number(),
        "name": "#1001",
        "created_at": now,
        "updated_at": now,
        "currency": "USD",
        "email": PERSON["email"],
        "financial_status": "paid",
        "taxes_included": False,
        "total_price": f"{quantity * 20 + 7.25:.2f}",
        "total_tax": "1.25",
        "line_items": [
            {
                "id": 2**59 + world.number(),
                "name": "Mug, unglazed – größe L",
                "sku": sku,
                "product_id": 632910392,
                "quantity": quantity,
                "price": "20.00",
                "tax_lines": [{"price": "1.25"}],
            }
        ],
        "shipping_lines": [{"title": "Ground", "price": "6.00"}],
        **more,
    }


def test_a_shopify_order_is_placed_as_sold_and_waits_for_an_address(world: World) -> None:
    sku = world.sells({"leipzig": 5})
    sold = shopify_order(world, sku, 2)
    world.shopify_sends("orders/create", json.dumps(sold).encode())
    order = world.appears(storefront_order_id("shopify", str(sold["id"])))
    assert (order.external_id, order.external_name) == (str(sold["id"]), "#1001")
    assert (order.totals.total.minor, order.totals.tax.minor) == (4725, 125)
    assert (order.payment, order.totals.fees.minor) == ("captured", 0)
    assert order.lines[0].name == "Mug, unglazed – größe L"

    (one,) = world.to_pack(order.order_id)
    world.packs(one)
    order = world.becomes(order.order_id, "set aside", lambda o: o.work_items)
    assert order.fulfillment_orders[0].status == "exception", "nobody told us where to"
    assert [item.cause for item in order.work_items] == ["workflow_failed"]
    assert "recipient.line1" in order.work_items[0].text


def test_whatever_is_repeated_one_order_is_placed_and_stock_reduced_once(world: World) -> None:
    """Webhook and checkout both report the same order (woocommerce#38786)."""
    sku = world.sells({"leipzig": 9})
    sold = world.sold_elsewhere({sku: 2})
    body = json.dumps({"type": "order.placed", "data": sold}).encode()
    headers = sign(world.access.webhooks["generic"], "msg_same", body)
    with ThreadPoolExecutor(8) as callers:
        for _ in range(8):
            callers.submit(world.anybody.webhook, "storefronts/generic", body, headers)
    order = world.arrives(sold)
    world.drained("storefront")
    world.ships(order.order_id)
    levels = world.service.stock(sku)
    assert (levels.available, levels.held) == (7, 0)
    assert len(world.order(order.order_id).fulfillment_orders) == 1


def test_an_order_that_cannot_be_filled_is_placed_with_a_shortage(world: World) -> None:
    sku = world.sells({"leipzig": 1})
    order = world.arrives(world.sold_elsewhere({sku: 3, "NOBODY-SELLS-THIS": 1}))
    assert order.status == "placed"
    assert {line.sku: line.backordered for line in order.lines} == {sku: 2, "NOBODY-SELLS-THIS": 1}
    order = world.becomes(order.order_id, "short", lambda o: o.work_items and o.fulfillment_orders)
    assert [item.cause for item in order.work_items] == ["shortage"]
    assert [f.quantity for f in order.fulfillment_orders] == [1]


def test_a_cancellation_that_comes_before_its_order_is_not_forgotten(world: World) -> None:
    sku = world.sells({"leipzig": 4})
    sold = shopify_order(world, sku, 2)
    canceled = {**sold, "cancelled_at": sold["updated_at"], "cancel_reason": "customer"}
    key = storefront_order_id("shopify", str(sold["id"]))
    world.shopify_sends("orders/cancelled", json.dumps(canceled).encode())
    assert world.appears(key).status == "canceled"
    world.shopify_sends("orders/create", json.dumps(sold).encode())
    world.drained("storefront")
    order = world.order(key)
    assert (order.status, order.cancel_reason) == ("canceled", "customer")
    assert world.service.stock(sku).available == 4


def test_a_bare_cancellation_waits_for_its_order(world: World) -> None:
    sku = world.sells({"leipzig": 4})
    sold = world.sold_elsewhere({sku: 1})
    with world.redelivering("storefront"):
        gone = {"type": "order.canceled", "data": {"id": sold["id"], "reason": "fraud"}}
        world.storefront_sends(gone)
        world.arrives(sold)
        world.becomes(
            storefront_order_id("generic", sold["id"]), "gone", lambda o: o.status == "canceled"
        )
    assert world.service.stock(sku).available == 4


def test_a_storefront_changes_the_address_and_older_news_does_not_change_it_back(
    world: World,
) -> None:
    sold = world.sold_elsewhere({world.sells({"leipzig": 4}): 1}, paid=False)
    order = world.arrives(sold)
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    moved = {**sold["shipping_address"], "line1": "Lindenallee 3"}
    for news in ({**sold, "updated_at": later, "shipping_address": moved}, sold):
        world.arrives(news, "order.updated")
    world.drained("storefront")
    order = world.order(order.order_id)
    assert order.shipping_address
    assert order.shipping_address.line1 == "Lindenallee 3"


def test_what_is_not_signed_is_refused_and_nothing_is_kept(world: World) -> None:
    sold = world.sold_elsewhere({"ANY": 1})
    body = json.dumps({"type": "order.placed", "data": sold}).encode()
    secret = world.access.webhooks["generic"]
    good = sign(secret, "msg_1", body)
    for headers in (
        {},
        {**good, "webhook-signature": "v1,AAAA"},
        {**good, "webhook-id": "msg_2"},
        {**good, "webhook-timestamp": str(int(good["webhook-timestamp"]) - 600)},
        sign_shopify(secret, "orders/create", "d", body),
    ):
        with pytest.raises(Refused, match="401") as refused:
            world.anybody.webhook("storefronts/generic", body, headers)
        assert secret not in str(refused.value.problem)
    with pytest.raises(Refused, match="401"):
        world.anybody.webhook("storefronts/generic", body.replace(b"10.00", b"00.01"), good)
    with pytest.raises(Refused, match="404"):
        world.anybody.webhook("storefronts/nobody", body, good)
    world.drained("storefront")
    assert not world.kept(body)


@pytest.mark.skipif(not PAYLOADS.exists(), reason="needs ../shared/providers/payloads")
@pytest.mark.parametrize("storefront", ["shopify", "generic"])
def test_every_published_message_is_handled_or_ignored_on_purpose(
    world: World, storefront: str
) -> None:
    dead = world.waiting("storefront-dead")
    expected = set()
    for file in sorted((PAYLOADS / storefront).glob("*.json")):
        body = file.read_bytes()
        if storefront == "generic":
            headers = sign(world.access.webhooks["generic"], file.stem, body)
            world.anybody.webhook("storefronts/generic", body, headers)
            continue
        topic = file.stem.rsplit("-", 1)[0].replace("-", "/", 1)
        world.shopify_sends(topic, body)
        if topic in ("orders/create", "orders/paid", "orders/cancelled"):
            sold = json.loads(body)
            expected |= set() if sold["test"] else {str(sold["id"])}
    world.drained("storefront")
    for external_id in expected:
        assert world.order(storefront_order_id("shopify", external_id)).external_id == external_id
    assert world.waiting("storefront-dead") == dead
