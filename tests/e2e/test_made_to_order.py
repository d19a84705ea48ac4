"""A piece made to order on the embedded AWS: a storefront forgets to say how, an agent asks, the
workshop works by paper.
"""

import pytest

from local.client import Refused
from tests.e2e.world import World


def test_from_a_forgotten_word_to_the_doorstep(world: World) -> None:
    sku = world.sells(
        {"florence": 3},
        kind="made_to_order",
        options=({"kind": "text", "name": "engraving", "max_length": 20},),
        steps=({"name": "Engrave", "skill": "engraving", "minutes": 10},),
        returnable=False,
    )
    order = world.arrives(world.sold_elsewhere({sku: 2}))
    assert [hold.hold_id for hold in order.holds] == ["personalization"]
    (line,) = order.lines
    with pytest.raises(Refused, match="422"):
        world.service.correct_instructions(order.order_id, {line.line_id: {"engraving": "x" * 21}})
    world.service.correct_instructions(order.order_id, {line.line_id: {"engraving": "Für Zoë"}})

    (one,) = world.to_pack(order.order_id)
    (part,) = one.lines
    assert part.work_order
    key = part.work_order.work_order_id
    paper = world.opens(world.warehouse.work_order(key))
    assert paper.startswith(b"%PDF-")
    with pytest.raises(Refused, match="409"):
        world.packs(one)

    world.warehouse.work_on(key, "start")
    with pytest.raises(Refused, match="409"):
        world.service.cancel(order.order_id, "changed my mind")
    world.warehouse.work_on(key, "finish")
    world.warehouse.work_on(key, "fail", reason="crooked")
    world.warehouse.work_on(key, "scrap", scrapped=1, again=True, reason="split")
    world.warehouse.work_on(key, "finish")
    done = world.warehouse.work_on(key, "pass")
    assert done.lines[0].work_order
    assert done.lines[0].work_order.state == "done"
    world.packs(one)
    shipped = world.shipped(order.order_id)

    (florence,) = [x for x in world.service.stock(sku).levels.locations if x.on_hand is not None]
    assert (florence.location_id, florence.on_hand, florence.allocated) == ("florence", 0, 0)
    for parcel in shipped.shipments:
        world.carrier_says(parcel, "delivered")
    closed = world.closes(order.order_id)
    assert closed.promise_ledger is None or closed.promise_ledger.steps.made_at
    back = [{"line_id": line.line_id, "quantity": 1, "reason": "unwanted"}]
    with pytest.raises(Refused, match="final sale"):
        world.service.request_return(order.order_id, back, world.key())


def test_what_is_begun_is_canceled_by_force_alone(world: World) -> None:
    sku = world.sells({"florence": 2}, kind="made_to_order")
    order = world.checks_out({sku: 1})
    (one,) = world.to_pack(order.order_id)
    work = one.lines[0].work_order
    assert work
    world.warehouse.work_on(work.work_order_id, "start")
    assert [kept.reason for kept in world.order(order.order_id).not_cancelable] == ["in_production"]
    canceled = world.service.cancel(order.order_id, "the customer insists", force=True)
    assert (canceled.status, canceled.payment) == ("canceled", "voided")
    (level,) = world.service.stock(sku).levels.locations
    assert (level.on_hand, level.available) == (1, 1)
