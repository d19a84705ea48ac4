"""Pickup: laid ready where it is, or sent there; handed over with the code, or given back."""

from datetime import timedelta
from typing import Any

import pytest

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain.address import Address
from doorstep.domain.catalog import DeliveryKind, Terms, UncollectedRule
from doorstep.domain.errors import IllegalTransition, InvalidCommand
from doorstep.domain.fulfillment import FulfillmentMethod, FulfillmentStatus
from doorstep.domain.order import Order, OrderStatus, PaymentState
from doorstep.domain.promise_ledger import PromiseState, promise_ledger
from doorstep.domain.shipment import ShipmentStatus
from doorstep.usecases.availability import Cart, CartLine, Offer, offer_cart
from doorstep.usecases.cart import DeliveryAddress
from tests import builders as a
from tests.shop import Shop

VIENNA = Address(line1="Graben 1", city="Wien", postal_code="1010", country="AT")
HERE = {
    "shipping_address": None,
    "delivery_option": "pickup",
    "pickup_location_id": "VIENNA",
}


@pytest.fixture
def store(shop: Shop) -> Shop:
    """The shop, with a store in Vienna where customers collect, and a warehouse in Berlin."""
    shop.catalog.save(
        a.delivery("0.00", code="pickup", name="Pickup", kind=DeliveryKind.PICKUP, transit_days=2),
        a.location("VIENNA", VIENNA, kind="store", capabilities=("ship", "pickup")),
    )
    return shop


def bought(store: Shop, *lines: tuple[str, int], **more: Any) -> Order:
    order = store.buys(*lines, **HERE | more)
    store.settle(times=2)
    return store.order(order.order_id)


def methods(order: Order) -> dict[str, tuple[str, int]]:
    return {f.location_id: (f.method.value, f.quantity) for f in order.fulfillment_orders}


def ready(store: Shop, units: int = 1, **more: Any) -> str:
    """Bought, packed, paid, and on the shelf of the store; answers the fulfillment order."""
    store.sells("MUG", VIENNA=5)
    order = bought(store, ("MUG", units), **more)
    key = order.fulfillment_orders[0].fulfillment_order_id
    store.packs(key)
    store.settle(times=2)
    assert store.fulfillment_order(key).status is FulfillmentStatus.READY_FOR_PICKUP
    return key


def mails(store: Shop) -> list[str]:
    return [mail.subject for mail in store.notifier.mails.values()]


# --- checkout -------------------------------------------------------------------------------------


def test_a_pickup_goes_to_its_store_whatever_is_nearer(store: Shop) -> None:
    store.sells("MUG", BERLIN=9, VIENNA=2)
    order = bought(store, ("MUG", 2))
    assert methods(order) == {"VIENNA": ("pickup", 2)}
    assert order.shipping_address
    assert (order.shipping_address.name, order.shipping_address.line1) == (
        "Ada Lovelace",
        "Graben 1",
    )
    assert order.promise
    assert order.promise.places == ("VIENNA",)
    assert order.promise.ship_by == order.promise.deliver_by


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"pickup_location_id": ""}, "pickup_location_id"),
        ({"pickup_location_id": "ATLANTIS"}, "pickup_location_id"),
        ({"pickup_location_id": "BERLIN"}, "pickup_location_id"),
        ({"delivery_option": "standard"}, "pickup_location_id"),
        ({"delivery_option": "standard", "pickup_location_id": ""}, "shipping_address"),
        (
            {
                "shipping_address": DeliveryAddress(
                    name="Ada", line1="Torstraße 1", city="Berlin", country="DE"
                )
            },
            "shipping_address",
        ),
    ],
)
def test_a_pickup_that_makes_no_sense_is_refused_and_changes_nothing(
    store: Shop, changes: dict[str, Any], path: str
) -> None:
    store.sells("MUG", VIENNA=2)
    with pytest.raises(InvalidCommand) as refusal:
        store.buys(("MUG", 1), **HERE | changes)
    assert path in refusal.value.faults
    assert store.left("MUG") == (2, 0)


def test_what_is_quoted_for_a_pickup_is_what_checkout_promises(store: Shop) -> None:
    store.sells("MUG", BERLIN=9, VIENNA=2)
    for units in (2, 3):
        quoted = offers(store, units, pickup_location_id="VIENNA")["pickup"]
        order = store.buys(("MUG", units), key=f"cart-{units}", **HERE)
        assert order.promise
        assert (quoted.deliver_by, quoted.price) == (order.promise.deliver_by, a.eur("0.00"))
        assert quoted.pickup_location_id == "VIENNA"
        store.cancels(order.order_id)


def test_without_a_name_the_nearest_store_is_offered_and_none_where_nobody_can_collect(
    store: Shop,
) -> None:
    store.sells("MUG", BERLIN=9)
    graz = VIENNA.model_copy(update={"city": "Graz", "postal_code": "8010"})
    store.catalog.save(a.location("GRAZ", graz, kind="store", capabilities=("pickup",)))
    assert offers(store, 1, postal_code="8020")["pickup"].pickup_location_id == "GRAZ"
    assert offers(store, 1, postal_code="1020")["pickup"].pickup_location_id == "VIENNA"
    with pytest.raises(InvalidCommand):
        offers(store, 1, pickup_location_id="BERLIN")
    for place in ("VIENNA", "GRAZ"):
        store.switches(place)
    assert list(offers(store, 1)) == ["standard"]


def offers(store: Shop, units: int, postal_code: str = "1010", **more: Any) -> dict[str, Any]:
    cart = Cart(
        currency="EUR",
        lines=(CartLine(sku="MUG", quantity=units),),
        country="AT",
        postal_code=postal_code,
        **more,
    )
    offer: Offer = offer_cart(
        cart, catalog=store.catalog, stock=store.stock, tax=store.tax, clock=store.clock
    )
    return {option.code: option for option in offer.options}


# --- where the store has it -----------------------------------------------------------------------


def test_what_the_store_has_is_packed_paid_and_laid_ready_without_a_label(store: Shop) -> None:
    key = ready(store, 2)
    order = store.order_of(key)
    (parcel,) = order.shipments
    assert (parcel.status, parcel.tracking_number) == (ShipmentStatus.READY_FOR_PICKUP, "")
    assert store.carrier.labels == {}
    assert order.payment_state is PaymentState.CAPTURED
    assert store.at("VIENNA", "MUG") == (5, 3, 2)
    assert mails(store) == [f"Your order {order.order_id} is ready: code {order.pickup_code}"]
    store.check()


def test_it_is_handed_over_to_who_has_the_code(store: Shop) -> None:
    key = ready(store, 2)
    for wrong in ("", "AAAAAAAA", "é"):
        with pytest.raises(InvalidCommand):
            store.collects(key, code=wrong or "nothing")
    code = store.order_of(key).pickup_code
    for said in (code, f" {code.lower()} "):
        order = store.collects(key, code=said)
    assert order.status is OrderStatus.CLOSED
    assert order.fulfillment_order(key).status is FulfillmentStatus.DELIVERED
    assert store.at("VIENNA", "MUG") == (3, 3, 0)
    assert store.heard(order.order_id).count("fulfillment_order.delivered") == 1
    store.check()


def test_an_agent_who_has_checked_hands_it_over_without(store: Shop) -> None:
    key = ready(store)
    order = store.collects(key, identity="passport")
    told = store.orders.timeline(order.order_id)
    assert [x.data["collected_with"] for x in told if "collected_with" in x.data] == ["identity"]
    store.check()


def test_codes_of_two_orders_differ_and_no_delivery_has_one(store: Shop) -> None:
    store.sells("MUG", VIENNA=5)
    codes = {store.buys(("MUG", 1), key=f"c{n}", **HERE).pickup_code for n in range(3)}
    assert len(codes) == 3
    assert all(len(code) == 8 for code in codes)
    assert store.buys(("MUG", 1), key="sent").pickup_code == ""


def test_what_is_not_ready_is_not_handed_over(store: Shop) -> None:
    store.sells("MUG", VIENNA=5)
    order = bought(store, ("MUG", 1))
    with pytest.raises(IllegalTransition):
        store.collects(f"{order.order_id}-F1")


def test_what_is_not_paid_is_not_laid_ready(store: Shop) -> None:
    store.sells("MUG", VIENNA=5)
    order = bought(store, ("MUG", 1), token=Token.CAPTURE_DECLINE)
    store.packs(f"{order.order_id}-F1")
    store.settle(times=2)
    assert store.fulfillment_order(f"{order.order_id}-F1").status is FulfillmentStatus.ON_HOLD
    assert not any("is ready" in subject for subject in mails(store))


def test_the_promise_of_a_pickup_is_kept_when_it_is_ready(store: Shop) -> None:
    key = ready(store)
    store.advance(days=4)
    found = promise_ledger(store.order_of(key), at=store.clock())
    assert found
    assert found.state is PromiseState.KEPT
    assert store.alerts() == ()


# --- where it does not ----------------------------------------------------------------------------


def test_what_the_store_lacks_is_sent_there_and_then_ready(store: Shop) -> None:
    store.sells("MUG", BERLIN=5)
    order = bought(store, ("MUG", 2))
    assert methods(order) == {"BERLIN": ("ship_to_store", 2)}
    key = f"{order.order_id}-F1"
    store.packs(key)
    store.settle(times=2)
    assert store.carrier.labels
    assert store.fulfillment_order(key).status is FulfillmentStatus.SHIPPED
    for _ in range(2):
        store.says(f"{key}-P1", "delivered")
    assert store.order_of(key).lines[0].delivered == 0
    for _ in range(2):
        store.arrives(key)
    store.settle()
    assert len(mails(store)) == 1
    store.says(f"{key}-P1", "exception", store.clock() + timedelta(hours=1))
    assert store.order_of(key).shipments[0].status is ShipmentStatus.READY_FOR_PICKUP
    order = store.collects(key)
    assert (order.status, order.lines[0].delivered) == (OrderStatus.CLOSED, 2)
    assert store.at("BERLIN", "MUG") == (3, 3, 0)
    store.check()


def test_what_the_store_has_in_part_is_split_between_its_shelf_and_a_parcel(store: Shop) -> None:
    store.sells("MUG", VIENNA=5)
    store.sells("CUP", BERLIN=5)
    order = bought(store, ("MUG", 1), ("CUP", 1))
    assert methods(order) == {"VIENNA": ("pickup", 1), "BERLIN": ("ship_to_store", 1)}
    for one in order.fulfillment_orders:
        store.packs(one.fulfillment_order_id)
    store.settle(times=2)
    shelf, parcel = (f.fulfillment_order_id for f in order.fulfillment_orders)
    if order.fulfillment_orders[0].method is not FulfillmentMethod.PICKUP:
        shelf, parcel = parcel, shelf
    store.collects(shelf)
    assert store.order_of(shelf).status is OrderStatus.PLACED
    store.arrives(parcel)
    assert store.collects(parcel).status is OrderStatus.CLOSED
    store.check()


def test_only_what_was_sent_to_the_store_arrives_there(store: Shop) -> None:
    key = ready(store)
    with pytest.raises(IllegalTransition):
        store.arrives(store.collects(key).fulfillment_orders[0].fulfillment_order_id)
    sent = store.packed(("MUG", 1), key="sent").fulfillment_orders[0].fulfillment_order_id
    with pytest.raises(IllegalTransition):
        store.arrives(sent)
    with pytest.raises(IllegalTransition):
        store.collects(sent, identity="passport")


def test_no_vendor_sends_to_a_store(store: Shop) -> None:
    store.catalog.save(a.location("VENDOR", kind="drop_ship"))
    store.sells("MUG", VENDOR=5)
    order = bought(store, ("MUG", 1))
    assert order.fulfillment_orders == ()


def test_a_location_without_pickup_is_no_store_and_one_without_ship_sends_nothing(
    store: Shop,
) -> None:
    gallery = a.location("GALLERY", VIENNA, kind="showroom", capabilities=("pickup",))
    store.catalog.save(gallery)
    store.sells("MUG", GALLERY=5)
    assert bought(store, ("MUG", 1), key="sent").fulfillment_orders == ()
    order = bought(store, ("MUG", 1), key="here", pickup_location_id="GALLERY")
    assert methods(order) == {"GALLERY": ("pickup", 1)}


# --- nobody comes ---------------------------------------------------------------------------------


def test_nobody_comes_it_is_given_back_to_the_stock_and_the_money_to_them(store: Shop) -> None:
    key = ready(store, 2)
    order_id = store.order_of(key).order_id
    assert store.looks_after_pickups() == ((), ())
    store.advance(days=5, seconds=1)
    for reminded in ((key,), ()):
        assert store.looks_after_pickups() == (reminded, ())
    store.settle()
    assert "still waiting" in mails(store)[-1]
    store.advance(days=5)
    for given in ((key,), ()):
        assert store.looks_after_pickups() == ((), given)
    store.advance(minutes=11)
    store.expires()
    store.settle()
    order = store.order(order_id)
    assert (order.status, order.payment_state) == (OrderStatus.CANCELED, PaymentState.REFUNDED)
    assert store.at("VIENNA", "MUG") == (5, 5, 0)
    assert store.left("MUG") == (5, 0)
    with pytest.raises(IllegalTransition):
        store.collects(key)
    store.check()


def test_what_was_sent_to_a_store_and_not_collected_is_the_stores(store: Shop) -> None:
    store.sells("MUG", BERLIN=5)
    key = f"{bought(store, ('MUG', 2)).order_id}-F1"
    store.packs(key)
    store.settle(times=2)
    store.arrives(key)
    for _ in range(2):
        store.advance(days=11)
        store.looks_after_pickups()
    assert store.at("VIENNA", "MUG") == (2, 2, 0)
    assert store.at("BERLIN", "MUG") == (3, 3, 0)
    assert store.left("MUG") == (5, 0)
    assert store.order_of(key).refunds
    store.check()


def test_by_its_rule_a_person_is_asked_for_the_money(store: Shop) -> None:
    ask = Terms(remind_days=1, keep_days=2, uncollected=UncollectedRule.ASK)
    store.catalog.save(
        a.location("VIENNA", VIENNA, kind="store", capabilities=("pickup",), terms=ask)
    )
    key = ready(store)
    for _ in range(2):
        store.advance(days=2)
        store.looks_after_pickups()
    order = store.order_of(key)
    assert [item.cause for item in order.work_items] == ["uncollected"]
    assert order.refunds == ()
    store.check()


def test_of_two_parcels_only_the_one_that_nobody_collected_is_given_back(store: Shop) -> None:
    store.sells("MUG", VIENNA=5)
    store.sells("CUP", BERLIN=5)
    order = bought(store, ("MUG", 1), ("CUP", 1))
    keys = {f.method: f.fulfillment_order_id for f in order.fulfillment_orders}
    for key in keys.values():
        store.packs(key)
    store.settle(times=2)
    store.arrives(keys[FulfillmentMethod.SHIP_TO_STORE])
    store.collects(keys[FulfillmentMethod.PICKUP])
    for _ in range(2):
        store.advance(days=11)
        store.looks_after_pickups()
    order = store.order(order.order_id)
    assert order.status is OrderStatus.CLOSED
    assert [refund.amount for refund in order.refunds] == [a.eur("12.00")]
    store.check()
