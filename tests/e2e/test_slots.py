"""Couriers: the last slot goes to one of many, and comes from the store that was promised."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from doorstep.adapters.dynamo import keys
from doorstep.adapters.dynamo.days import counters
from doorstep.domain.capacity import UNITS
from doorstep.runtime.views import OrderView
from local.client import Refused
from tests.e2e.world import ADDRESS, COURIER, KIOSK, World

HERE = {name: ADDRESS[name] for name in ("country", "region", "postal_code")}
CALLERS = 8


def test_the_last_slot_goes_to_one_of_many_callers_at_once(world: World) -> None:
    sku = world.sells({KIOSK.location_id: 2 * CALLERS})
    noon, _ = COURIER.windows
    shown = world.caller("").availability(sku, **HERE)
    courier = next(one for one in shown.options if one.code == COURIER.code)
    assert len(courier.windows) == 2
    assert courier.order_within_seconds > 0

    def buys(key: str) -> OrderView | Refused:
        starts = courier.windows[0].starts.isoformat()
        cart = world.cart({sku: 1}, delivery_option=COURIER.code, delivery_window=starts)
        try:
            return world.persists(lambda: world.webshop.place(cart, key))
        except Refused as refusal:
            return refusal

    with ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(buys, [world.key() for _ in range(CALLERS)]))
    (order,) = [answer for answer in answers if isinstance(answer, OrderView)]
    for refusal in (answer for answer in answers if isinstance(answer, Refused)):
        assert refusal.problem["type"] == "urn:doorstep:problem:fully-booked"
        (instead,) = [
            one["delivery_window"]
            for one in refusal.problem["instead"]
            if one["delivery_option"] == COURIER.code
        ]
        assert instead == courier.windows[1].starts.isoformat()
    (share, other) = order.fulfillment_orders[0].bookings
    assert (share.what, other.what) == (f"{COURIER.code}@{noon.starts:%H:%M}", UNITS)
    levels = world.admin.stock(sku).levels
    assert (levels.available, levels.held) == (2 * CALLERS - 1, 0)
    later = world.caller("").availability(sku, **HERE)
    (left,) = next(one for one in later.options if one.code == COURIER.code).windows
    assert left.starts == courier.windows[1].starts


def test_same_day_comes_from_the_store_that_was_promised_and_cancels_give_its_slot_back(
    world: World,
) -> None:
    sku = world.sells({KIOSK.location_id: 5, "leipzig": 50})

    before = taken(world)
    canceled = world.checks_out({sku: 1}, delivery_option=COURIER.code)
    assert canceled.promise
    assert canceled.promise.places == (KIOSK.location_id,)
    world.service.cancel(canceled.order_id, "changed my mind")
    assert taken(world) == before
    order = world.delivered({sku: 1}, delivery_option=COURIER.code)
    (one,) = order.fulfillment_orders
    assert (one.location_id, one.service) == (KIOSK.location_id, COURIER.service)
    with pytest.raises(Refused):
        world.checks_out({sku: 9}, delivery_option=COURIER.code)


def taken(world: World) -> dict[tuple[str, date, str], int]:
    """What is taken of the store's days."""
    rows = world.aws.rows(world.outputs.table_name)
    found = [counters(row) for row in rows if row["pk"]["S"] == keys.days()]
    return {key: units for day in found for key, units in day.items() if units}
