"""How goods reach the customer: over a counter, from elsewhere, or from a vendor."""

from collections.abc import Iterator

import pytest

from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.runtime.views import OrderView
from local.client import Refused
from tests.e2e.world import ADDRESS, World

ABROAD = ADDRESS | {"city": "Coventry", "region": "COV", "postal_code": "CV1 1FY", "country": "GB"}
"""Coventry is nearer than everything else."""


@pytest.fixture
def coventry(world: World) -> Iterator[str]:
    """A place that no other test works with; switched on again afterwards."""
    yield "coventry"
    world.service.switch_on("coventry")


def collects(world: World, sku: str) -> OrderView:
    return world.checks_out(
        {sku: 1}, delivery_option="pickup", pickup_location_id="vienna", shipping_address=None
    )


def ready(world: World, order_id: str) -> FulfillmentOrder:
    found = world.becomes(
        order_id, "ready", lambda o: any(f.collect_by for f in o.fulfillment_orders)
    )
    return found.fulfillment_orders[0]


def test_what_the_store_has_is_collected_with_the_code_of_the_mail(world: World) -> None:
    order = collects(world, world.sells({"vienna": 1, "leipzig": 5}))
    (one,) = world.to_pack(order.order_id)
    assert (one.location_id, one.method) == ("vienna", "pickup")
    world.packs(one)
    ready(world, order.order_id)
    (mail,) = world.mailed(f"{order.order_id} is ready")
    assert order.pickup_code in mail["Subject"]
    with pytest.raises(Refused) as refusal:
        world.warehouse.collect(one.fulfillment_order_id, "AAAAAAAA")
    assert refusal.value.status == 422
    world.warehouse.collect(one.fulfillment_order_id, order.pickup_code)
    done = world.closes(order.order_id)
    assert (done.payment, done.shipments[0].tracking_number) == ("captured", "")
    assert world.states(one) == {"Release", "Capture", "BuyLabel", "Dispatch"}


def test_what_the_store_lacks_is_sent_there_first(world: World) -> None:
    order = collects(world, world.sells({"leipzig": 1}))
    (one,) = world.to_pack(order.order_id)
    assert (one.location_id, one.method) == ("leipzig", "ship_to_store")
    world.packs(one)
    shipped = world.shipped(order.order_id)
    world.carrier_says(shipped.shipments[0], "in_transit")
    world.warehouse.arrive(one.fulfillment_order_id)
    ready(world, order.order_id)
    world.warehouse.collect(one.fulfillment_order_id, order.pickup_code)
    world.closes(order.order_id)


def test_a_location_that_is_out_loses_what_it_has_not_packed_and_sells_nothing(
    world: World, coventry: str
) -> None:
    sku = world.sells({coventry: 2, "leipzig": 1})
    order = world.checks_out({sku: 1}, shipping_address=ABROAD)
    (one,) = world.to_pack(order.order_id)
    assert one.location_id == coventry
    world.service.switch_off(coventry, "flooded")
    world.becomes_true(
        "its stock is not sold",
        lambda: world.runs("ship-take-back") or world.service.stock(sku).available == 0,
    )
    moved = world.becomes(
        order.order_id,
        "routed anew",
        lambda o: any(f.location_id == "leipzig" for f in o.fulfillment_orders),
    )
    assert moved.fulfillment_orders[0].status == "withdrawn"
    with pytest.raises(Refused) as refusal:
        world.warehouse.accept(one.fulfillment_order_id)
    assert refusal.value.status == 409
    world.becomes_true(
        "its workflow has ended", lambda: world.execution(one)["status"] != "RUNNING"
    )
    assert world.execution(one)["status"] == "SUCCEEDED"
    world.service.switch_on(coventry)
    world.becomes_true(
        "its stock is sold again",
        lambda: world.runs("ship-take-back") or world.service.stock(sku).available == 2,
    )
    assert world.ships(order.order_id).shipments[0].location_id == "leipzig"


def test_a_vendor_rejects_one_and_ships_another_under_its_own_label(world: World) -> None:
    sku = world.sells({"guimaraes": 2})
    rejected, kept = world.checks_out({sku: 1}), world.checks_out({sku: 1})
    (one,), (other,) = world.to_pack(rejected.order_id), world.to_pack(kept.order_id)
    assert {one.method, other.method} == {"drop_ship"}
    world.admin.receive("leipzig", f"later-{sku}", {sku: 1})
    world.warehouse.reject(one.fulfillment_order_id, "discontinued")
    world.becomes(rejected.order_id, "elsewhere", lambda o: len(o.fulfillment_orders) == 2)
    world.packs(other)
    parcel = world.order(kept.order_id).shipments[0].shipment_id
    world.warehouse.tell_tracking(parcel, "sandbox", f"VENDOR-{world.number()}")
    shipped = world.shipped(kept.order_id)
    world.carrier_says(shipped.shipments[0], "delivered")
    world.closes(kept.order_id)
