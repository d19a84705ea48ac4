"""Paid elsewhere and not to be filled: the way out, by a mail's link, or by the clock."""

from datetime import UTC, datetime, timedelta

from doorstep.domain.remedy import RemedyStatus
from doorstep.runtime.views import OrderView
from tests.e2e.world import World


def short(world: World, sku: str) -> OrderView:
    """Sold by the storefront for 10.00, looked for, and not found."""
    order = world.arrives(world.sold_elsewhere({sku: 1}))
    return world.becomes(order.order_id, "short", lambda o: o.work_items)


def test_the_customer_picks_something_else_by_the_link_of_a_mail(world: World) -> None:
    instead = world.sells({"leipzig": 2}, price=800)
    sku = world.sells({}, substitutes=(instead,))
    order = short(world, sku)
    world.becomes_true(
        "it is listed as unfillable",
        lambda: order.order_id in {one.order_id for one in world.service.unfillable().orders},
    )
    remedy = world.service.offer_remedy(order.order_id)
    subject = f"Please choose: part of your order {order.external_name or order.order_id}"
    (mail,) = world.mailed(subject)
    link = next(x for x in mail["BodyText"].split() if x.startswith("http"))
    assert f"/remedy-offers/{remedy.remedy_id}?token=" in link
    token = link.partition("token=")[2]

    assert world.anybody.linked_remedy(remedy.remedy_id, token).units == remedy.units
    done = world.anybody.choose_by_link(remedy.remedy_id, token, "substitute")
    assert done.status is RemedyStatus.CARRIED_OUT
    assert done.refund
    assert done.refund.minor == 200
    (one,) = world.to_pack(order.order_id)
    assert [(line.sku, line.quantity) for line in one.lines] == [(instead, 1)]
    world.packs(one)
    order = world.shipped(order.order_id)
    assert [item.cause for item in order.work_items if item.status == "open"] == [
        "refund_elsewhere"
    ]


def test_at_the_deadline_the_clock_gives_the_money_back(world: World) -> None:
    order = short(world, world.sells({}))
    soon = datetime.now(UTC) + timedelta(seconds=2)
    remedy = world.service.offer_remedy(order.order_id, deadline=soon)

    def over() -> bool:
        world.runs("allocate-remedies")
        return world.order(order.order_id).status == "canceled"

    world.becomes_true("the deadline has passed", over)
    (ended,) = world.order(order.order_id).remedies
    assert (ended.remedy_id, ended.choice) == (remedy.remedy_id, "refund")
    assert ended.refund == order.totals.total
    world.mailed(f"Your order {order.external_name or order.order_id}: we have canceled")
