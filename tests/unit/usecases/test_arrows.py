"""The lifecycle tells the truth: every arrow of the table is a way that some record goes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain import allocating, remedying, transitions
from doorstep.domain.catalog import DeliveryKind
from doorstep.domain.errors import CaptureDeclined, PaymentDeclined
from doorstep.domain.fulfillment import WithdrawalCause
from doorstep.domain.remedy import RemedyKind
from doorstep.domain.work_items import close_work_item
from doorstep.usecases import ship
from tests import builders as a
from tests.shop import Shop

Arrow = tuple[str, str, str]
Story = Callable[[Shop], object]


def test_every_arrow_is_a_way_that_some_record_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    gone: set[Arrow] = set()
    check = transitions.check

    def noted(record: str, key: str, state: str, to: str) -> None:
        check(record, key, state, to)
        gone.add((record, str(state), str(to)))

    monkeypatch.setattr(transitions, "check", noted)
    for story in STORIES:
        shop = Shop()
        shop.sells("MUG", BERLIN=5)
        story(shop)
        shop.check()
    assert sorted(arrows() - gone) == []


def arrows() -> set[Arrow]:
    return {
        (record, state, to)
        for record, states in transitions.TRANSITIONS.items()
        for state, moves in states.items()
        for to in moves
    }


def declined(shop: Shop) -> None:
    with suppress(PaymentDeclined):
        shop.buys(("MUG", 1), token=Token.DECLINE)


def delivered_and_returned(shop: Shop) -> None:
    order_id = shop.delivered(("MUG", 3)).order_id
    for number, came in enumerate((1, 0), start=1):
        back = shop.wants_back(order_id, a.back("1"), key=f"r{number}")
        shop.counts(back.return_id, L1=came)
        shop.refunds(back.return_id)
    shop.keeps(shop.wants_back(order_id, a.back("1"), key="r3").return_id)


def canceled(shop: Shop) -> None:
    shop.cancels(allocated(shop).rpartition("-")[0])


def allocated(shop: Shop) -> str:
    return shop.sold(("MUG", 1)).fulfillment_orders[0].fulfillment_order_id


def released(shop: Shop) -> str:
    key = allocated(shop)
    shop.releases(key)
    return key


def accepted(shop: Shop) -> str:
    key = released(shop)
    ship.accept(key, orders=shop.orders)
    return key


def packed(shop: Shop) -> str:
    key = released(shop)
    shop.packs(key)
    return key


def on_hold(shop: Shop) -> str:
    key = shop.packed(("MUG", 1), token=Token.CAPTURE_DECLINE).fulfillment_orders[0]
    with suppress(CaptureDeclined):
        shop.captures(key.fulfillment_order_id)
    return key.fulfillment_order_id


def set_aside(shop: Shop) -> str:
    key = released(shop)
    shop.sets_aside(key)
    return key


def set_aside_when_packed(shop: Shop) -> str:
    key = packed(shop)
    shop.sets_aside(key)
    return key


def unpacked(shop: Shop) -> str:
    key = on_hold(shop)
    shop.unpacks(key)
    return key


def then(start: Callable[[Shop], str], move: Callable[[Shop, str], object]) -> Story:
    """The story of a fulfillment order that is brought somewhere and moves on."""
    return lambda shop: move(shop, start(shop))


def cancel(shop: Shop, key: str) -> object:
    return shop.cancels(key.rpartition("-")[0])


def withdraw(shop: Shop, key: str) -> object:
    cause, order = WithdrawalCause.OUTAGE, shop.order_of(key)
    return shop.orders.commit(allocating.withdraw(order, key, cause=cause, reason="flooded"))


def ready_for_pickup(shop: Shop, *, sent_from: str = "") -> str:
    option = a.delivery("0.00", code="pickup", kind=DeliveryKind.PICKUP)
    shop.catalog.save(option, a.location("STORE", kind="store", capabilities=("pickup",)))
    shop.sells("CUP", **{sent_from or "STORE": 1})
    to_store = {"shipping_address": None, "pickup_location_id": "STORE"}
    order = shop.packed(("CUP", 1), delivery_option="pickup", **to_store)
    key = order.fulfillment_orders[0].fulfillment_order_id
    shop.ships(key)
    if sent_from:
        shop.arrives(key)
    return key


def sent_to_store(shop: Shop) -> str:
    return ready_for_pickup(shop, sent_from="BERLIN")


def nobody_comes(shop: Shop, key: str) -> object:
    for _ in range(2):
        shop.advance(days=20)
        shop.looks_after_pickups()
    return key


def find_nothing(shop: Shop, key: str) -> object:
    return shop.misses(key, L1=1)


def offered(shop: Shop) -> str:
    """An order that is short, with an offer to choose from."""
    order = shop.hears(a.storefront_order(a.sold("1", "MUG", 6)))
    assert order
    shop.settle()
    return shop.offers(order.order_id).remedy_id


def decided(shop: Shop) -> str:
    """Chosen, and not carried out yet."""
    key = offered(shop)
    chosen = remedying.choose(shop.order_of(key), key, RemedyKind.WAIT, {}, at=shop.clock())
    shop.orders.commit(chosen)
    return key


def expired(shop: Shop) -> str:
    """Not chosen in time, and nothing is done yet."""
    key = offered(shop)
    shop.advance(days=9)
    shop.orders.commit(remedying.expire(shop.order_of(key), key, at=shop.clock()))
    return key


def a_day_passes(shop: Shop, _: str) -> object:
    shop.advance(days=1)
    return shop.remedies()


def cancel_and_wait(shop: Shop, key: str) -> object:
    shop.cancels("-".join(key.split("-")[:2]))
    return a_day_passes(shop, key)


def closes_a_work_item(shop: Shop) -> None:
    order = shop.order_of(on_hold(shop))
    key = order.work_items[0].work_item_id
    shop.orders.commit(close_work_item(order, key, by="agent", at=shop.clock()))


def made_to_order(shop: Shop) -> None:
    shop.catalog.save(
        a.product("PEN", kind="made_to_order"), a.location("ATELIER", kind="workshop")
    )
    shop.gets("PEN", ATELIER=2)
    order = shop.buys(("PEN", 1))
    shop.settle()
    key = f"{order.order_id}-F1-M1"
    for step in (shop.begins, shop.finishes, shop.fails, shop.finishes, shop.passes):
        step(key)
    shop.scraps(key, 1)


STORIES: list[Story] = [
    declined,
    delivered_and_returned,
    canceled,
    then(allocated, Shop.sets_aside),
    *(then(start, withdraw) for start in (allocated, released, accepted, unpacked, set_aside)),
    *(
        then(start, move)
        for start in (released, accepted)
        for move in (Shop.packs, Shop.rejects, find_nothing, cancel, Shop.sets_aside)
    ),
    then(on_hold, Shop.retries),
    then(unpacked, Shop.retries),
    then(unpacked, cancel),
    then(set_aside, Shop.retries),
    then(set_aside, cancel),
    then(set_aside_when_packed, Shop.retries),
    *(
        then(start, move)
        for start in (offered, decided, expired)
        for move in (cancel_and_wait, a_day_passes)
    ),
    *(
        then(start, move)
        for start in (ready_for_pickup, sent_to_store)
        for move in (Shop.collects, nobody_comes)
    ),
    closes_a_work_item,
    made_to_order,
]
