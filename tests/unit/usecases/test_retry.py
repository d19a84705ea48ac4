"""Held units without a location are not forgotten: tried again, by themselves and on request."""

from __future__ import annotations

import pytest

from doorstep.domain.errors import IllegalTransition
from doorstep.domain.order import Order
from doorstep.usecases.cart import Buyer
from tests.shop import Shop

MALLORY = Buyer(email="m@example.org", name="Mallory")
"""Looked at by a person first."""


def refused(shop: Shop) -> Order:
    """Sold and rejected by the only place that has it."""
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 1))
    key = order.fulfillment_orders[0].fulfillment_order_id
    shop.releases(key)
    shop.rejects(key)
    shop.settle()
    return shop.order(order.order_id)


def test_what_no_place_could_ship_is_shipped_by_one_that_can(shop: Shop) -> None:
    order = refused(shop)
    assert shop.tries_again().done == ()
    shop.gets("MUG", HAMBURG=1)
    shop.advance(minutes=15, seconds=1)
    assert shop.tries_again().done == (order.order_id,)
    order = shop.order(order.order_id)
    assert [one.location_id for one in order.fulfillment_orders] == ["BERLIN", "HAMBURG"]
    assert len(shop.workflow.started) == 2
    shop.advance(days=9)
    assert shop.tries_again().done == ()
    shop.check()


def test_the_longer_units_wait_the_less_often_they_are_tried(shop: Shop) -> None:
    order = refused(shop)
    pauses = []
    for _ in range(20):
        assert order.tried_at
        assert order.retry_at
        pauses.append((order.retry_at - order.tried_at).total_seconds() / 60)
        shop.clock.now = order.retry_at
        shop.advance(seconds=1)
        assert shop.tries_again().done == (order.order_id,)
        order = shop.order(order.order_id)
    assert pauses[0] == 15
    assert pauses == sorted(pauses)
    assert pauses[-1] == 360
    assert [item.cause for item in order.work_items] == ["unfilled"]


def test_an_order_whose_first_event_was_lost_is_allocated_all_the_same(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 1))
    shop.advance(minutes=15, seconds=1)
    assert shop.tries_again().done == (order.order_id,)
    assert shop.order(order.order_id).fulfillment_orders


def test_what_is_on_hold_is_not_tried(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    shop.buys(("MUG", 1), customer=MALLORY)
    shop.advance(days=1)
    assert shop.tries_again().done == ()


def test_an_agent_has_the_place_asked_again_that_refused(shop: Shop) -> None:
    order = refused(shop)
    shop.requests_allocation(order.order_id)
    shop.settle()
    assert len(shop.order(order.order_id).fulfillment_orders) == 2
    with pytest.raises(IllegalTransition, match="allocated already"):
        shop.requests_allocation(order.order_id)
    shop.check()


def test_what_is_on_hold_is_not_allocated_on_request(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 1), customer=MALLORY)
    with pytest.raises(IllegalTransition, match="on hold"):
        shop.requests_allocation(order.order_id)
