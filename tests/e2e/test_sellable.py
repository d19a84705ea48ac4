"""Beyond the shelf: backorders filled by a receipt, the oldest first; preorders; bundles."""

from datetime import UTC, datetime, timedelta

import pytest

from doorstep.domain.availability import StockState
from doorstep.domain.catalog import Backorder, Preorder
from doorstep.domain.order import FulfillmentState
from doorstep.runtime.views import OrderView
from local.client import Refused
from tests.e2e.world import ADDRESS, World

HERE = {name: ADDRESS[name] for name in ("country", "region", "postal_code")}


def receive(world: World, sku: str) -> None:
    """One unit arrives in Leipzig."""
    world.admin.receive("leipzig", f"receipt-{world.number()}", {sku: 1})


def is_allocated(order: OrderView) -> bool:
    return order.fulfillment is FulfillmentState.ALLOCATED


def test_arriving_goods_fill_the_oldest_backorder_first(world: World) -> None:
    sku = world.sells({}, backorder=Backorder(cap=2, lead_days=10))
    (line,) = world.anybody.availability(sku, **HERE).lines
    assert (line.state, line.available) == (StockState.BACKORDER, True)
    old = world.checks_out({sku: 1})
    assert old.promise
    assert old.promise.goods_at
    new = world.checks_out({sku: 1})
    with pytest.raises(Refused) as refusal:
        world.checks_out({sku: 1})
    assert refusal.value.status == 409

    receive(world, sku)
    world.becomes(old.order_id, "allocated", is_allocated, seconds=90)
    assert world.order(new.order_id).lines[0].owed == 1
    receive(world, sku)
    world.becomes(new.order_id, "allocated", is_allocated, seconds=90)
    stock = world.service.stock(sku)
    assert (stock.available, stock.held, stock.owed, stock.room) == (2, 0, 0, 2)


def test_preordered_goods_stay_until_their_release(world: World) -> None:
    release_at = datetime.now(UTC) + timedelta(days=30)
    sku = world.sells({"leipzig": 2}, preorder=Preorder(cap=1, release_at=release_at))
    order = world.checks_out({sku: 3})
    assert order.promise
    assert order.promise.ship_by > release_at
    world.becomes(order.order_id, "owed", lambda order: order.lines[0].owed == 3)
    receive(world, sku)
    assert not world.order(order.order_id).fulfillment_orders


def test_a_bundle_is_sold_as_its_parts(world: World) -> None:
    mug, pot = world.sells({"leipzig": 4}), world.sells({"leipzig": 1})
    both = world.sells({}, components={mug: 2, pot: 1})
    (line,) = world.anybody.availability(both, **HERE).lines
    assert (line.state, line.left) == (StockState.LOW_STOCK, 1)
    order = world.checks_out({both: 1})
    (sold,) = order.bundles
    assert (sold.sku, len(sold.line_ids)) == (both, 2)
    assert [(line.sku, line.ordered) for line in order.lines] == [(mug, 2), (pot, 1)]
    world.becomes(order.order_id, "allocated", is_allocated, seconds=90)
