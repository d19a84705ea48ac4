"""A promise that breaks: the customer hears of it and a person looks, once per cause."""

from datetime import UTC, datetime, timedelta

from local.client import wait_for
from tests.e2e.world import World


def test_a_broken_promise_is_told_once_per_cause(world: World) -> None:
    """An order that came a day late from its storefront is late the moment it is here."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    sku = world.sells({"leipzig": 2})
    number = f"No. {world.number()}"
    sold = world.sold_elsewhere({sku: 1}, number=number, deliver_by=yesterday.isoformat())
    order = world.arrives(sold)
    (one,) = world.to_pack(order.order_id)

    for _ in range(2):
        world.runs("ship-delays")
    order = world.order(order.order_id)
    assert [(w.cause, w.subject) for w in order.work_items] == [
        ("late_handover", one.fulfillment_order_id)
    ]
    wait_for("a mail", lambda: len(world.mails(number)) == 1, seconds=30)
    listed = {item.work_item_id for item in world.service.work_items().work_items}
    assert order.work_items[0].work_item_id in listed

    world.packs(one)
    order = world.shipped(order.order_id)
    for _ in range(2):
        world.runs("ship-delays")
    order = world.order(order.order_id)
    assert {w.cause for w in order.work_items} == {"late_handover", "late_delivery"}
    wait_for("another mail", lambda: len(world.mails(number)) == 2, seconds=30)
    assert {mail["Subject"] for mail in world.mails(number)} == {
        f"Your order {number} is running late"
    }


def test_an_order_in_time_alarms_nobody(world: World) -> None:
    order = world.ships(world.checks_out({world.sells({"leipzig": 1}): 1}).order_id)
    world.runs("ship-delays")
    assert world.order(order.order_id).work_items == ()
