"""What comes back: announced, labeled, counted, restocked, refunded once."""

import pytest

from doorstep.domain.returns import Return
from doorstep.runtime.views import OrderView
from local.client import Refused
from tests.e2e.world import World


def wants_back(world: World, order: OrderView, quantity: int, key: str | None = None) -> Return:
    line = {"line_id": "1", "quantity": quantity, "reason": "wrong_size"}
    return world.webshop.request_return(order.order_id, [line], key or world.key())


def refunded(world: World, order_id: str) -> OrderView:
    return world.becomes(order_id, "refunded", lambda o: o.returns[-1].status == "refunded")


def test_what_really_came_back_is_restocked_and_refunded_once(world: World) -> None:
    """Refund for units received, not announced (spree PR#14678)."""
    sku = world.sells({"leipzig": 10}, price=999)
    order = world.delivered({sku: 3})
    key = world.key()
    back = wants_back(world, order, 3, key)
    assert wants_back(world, order, 3, key).return_id == back.return_id
    assert world.opens(world.webshop.return_label(back.return_id)).startswith(b"%PDF-")

    counts = {"1": {"received": 2, "damaged": 1}}
    world.warehouse.receive_return(back.return_id, counts)
    world.warehouse.receive_return(back.return_id, counts)
    with pytest.raises(Refused, match="409"):
        world.warehouse.receive_return(back.return_id, {"1": {"received": 3}})
    order = refunded(world, order.order_id)
    assert order.returns[0].refund
    assert order.returns[0].refund.minor == 2 * 999
    assert (order.payment, order.returning) == ("partially_refunded", "returned")
    assert [charge["refundable"] for charge in world.charges(order)] == [999 + 495]
    (level,) = world.service.stock(sku).levels.locations
    assert (level.on_hand, level.available, level.unsellable) == (9, 8, 1)

    world.mailed(f"Your return for order {order.order_id} is approved")
    world.mailed(f"We have refunded 19.98 EUR for order {order.order_id}")


def test_a_unit_that_did_not_come_may_be_announced_again(world: World) -> None:
    """A second, different refund is not swallowed by a coarse key (medusa#13433)."""
    order = world.delivered({world.sells({"leipzig": 10}, price=333): 3})
    first = wants_back(world, order, 3)
    world.warehouse.receive_return(first.return_id, {"1": {"received": 1}})
    refunded(world, order.order_id)

    with pytest.raises(Refused, match=r"422 .*3 asked, 2 possible"):
        wants_back(world, order, 3)
    second = wants_back(world, order, 2)
    world.warehouse.receive_return(second.return_id, {"1": {"received": 2}})
    order = refunded(world, order.order_id)
    assert [r.refund.minor for r in order.returns if r.refund] == [333, 666]
    assert [charge["refundable"] for charge in world.charges(order)] == [495]


def test_what_has_not_arrived_cannot_be_returned(world: World) -> None:
    order = world.checks_out({world.sells({"leipzig": 1}): 1})
    with pytest.raises(Refused, match="422"):
        wants_back(world, order, 1)


def test_a_refund_that_is_refused_becomes_work_for_a_person(world: World) -> None:
    order = world.delivered({world.sells({"leipzig": 1}): 1}, payment_token="tok_refund_decline")
    back = wants_back(world, order, 1)
    world.warehouse.receive_return(back.return_id, {"1": {"received": 1}})
    order = world.becomes(order.order_id, "somebody's work", lambda o: o.work_items)
    assert [item.cause for item in order.work_items] == ["refund_failed"]
    assert world.order(order.order_id).payment == "captured"
