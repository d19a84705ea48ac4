"""Drop-ship: a vendor accepts or rejects, ships under its own label, and tells where it is."""

import pytest

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain.catalog import Terms
from doorstep.domain.errors import IllegalTransition, InvalidCommand, NotFound
from doorstep.domain.fulfillment import FulfillmentMethod, FulfillmentStatus
from doorstep.domain.order import Order, OrderStatus
from doorstep.usecases import drop_ship, feed, ship
from tests import builders as a
from tests.shop import Shop


@pytest.fixture
def market(shop: Shop) -> Shop:
    """The shop with a vendor, who reports its stock by feed."""
    terms = Terms(accept_hours=8, pack_hours=24)
    shop.catalog.save(a.product("MUG"), a.location("VENDOR", kind="drop_ship", terms=terms))
    entry = feed.FeedEntry(sku="MUG", sequence=1, on_hand=5)
    feed.follow_feed("vendor", "VENDOR", [entry], catalog=shop.catalog, stock=shop.stock)
    return shop


def asked(market: Shop, units: int = 1, **more: object) -> str:
    """Sold, and requested of the vendor; answers the fulfillment order."""
    order = market.sold(("MUG", units), **more)
    market.settle()
    (one,) = order.fulfillment_orders
    assert (one.location_id, one.method) == ("VENDOR", FulfillmentMethod.DROP_SHIP)
    return one.fulfillment_order_id


def tells(market: Shop, shipment_id: str, number: str = "DHL-0001") -> Order:
    return drop_ship.tell_tracking(
        shipment_id,
        drop_ship.VendorLabel(carrier="sandbox", tracking_number=number),
        orders=market.orders,
        queues=market.queues,
        clock=market.clock,
    )


def test_a_vendor_ships_under_its_own_label_and_it_is_tracked_like_any_other(market: Shop) -> None:
    key = asked(market, 2)
    ship.accept(key, orders=market.orders)
    market.packs(key)
    market.settle(times=2)
    assert market.carrier.labels == {}
    assert market.fulfillment_order(key).status is FulfillmentStatus.PACKED
    for _ in range(2):
        order = tells(market, f"{key}-P1")
    assert order.fulfillment_order(key).status is FulfillmentStatus.SHIPPED
    assert market.at("VENDOR", "MUG") == (3, 3, 0)
    market.says(f"{key}-P1", "delivered")
    assert market.order_of(key).status is OrderStatus.CLOSED
    market.check()


def test_a_vendor_that_tells_before_it_is_paid_does_not_send_it_off(market: Shop) -> None:
    """Whichever comes last, the money or the number, hands it over: once."""
    key = asked(market)
    market.packs(key)
    tells(market, f"{key}-P1")
    assert market.fulfillment_order(key).status is FulfillmentStatus.PACKED
    market.settle(times=2)
    assert market.fulfillment_order(key).status is FulfillmentStatus.SHIPPED
    assert market.heard(market.order_of(key).order_id).count("fulfillment_order.shipped") == 1
    market.check()


def test_what_is_never_paid_does_not_leave_the_vendor(market: Shop) -> None:
    key = asked(market, token=Token.CAPTURE_DECLINE)
    market.packs(key)
    tells(market, f"{key}-P1")
    market.settle(times=2)
    assert market.fulfillment_order(key).status is FulfillmentStatus.ON_HOLD


def test_all_parcels_of_a_vendor_leave_together(market: Shop) -> None:
    key = asked(market, 2)
    market.packs(key, a.parcel(L1=1), a.parcel(L1=1))
    market.settle()
    tells(market, f"{key}-P1")
    assert market.fulfillment_order(key).status is FulfillmentStatus.PACKED
    tells(market, f"{key}-P2", "DHL-0002")
    assert market.fulfillment_order(key).status is FulfillmentStatus.SHIPPED


def test_a_vendor_that_rejects_or_does_not_answer_loses_it(market: Shop) -> None:
    market.gets("MUG", HAMBURG=5)
    for number, refuse in enumerate((market.rejects, market.takes_back)):
        order = market.sold(("MUG", 1), key=f"cart-{number}")
        market.settle()
        key = order.fulfillment_orders[0].fulfillment_order_id
        if refuse == market.rejects:
            market.rejects(key, "discontinued")
        else:
            market.advance(hours=9)
            assert key in market.takes_back()
        market.settle(times=2)
        again = market.order(order.order_id).fulfillment_orders[-1]
        assert (again.location_id, again.method) == ("HAMBURG", FulfillmentMethod.SHIP)
    market.check()


def test_a_number_of_another_orders_parcel_is_refused(market: Shop) -> None:
    first, second = asked(market), asked(market, key="cart-2")
    for key in (first, second):
        market.packs(key)
    market.settle()
    tells(market, f"{first}-P1")
    with pytest.raises(InvalidCommand):
        tells(market, f"{second}-P1")
    with pytest.raises(IllegalTransition, match="labeled already"):
        tells(market, f"{first}-P1", "DHL-0002")


def test_only_what_a_vendor_ships_is_labeled_by_a_vendor(market: Shop) -> None:
    market.sells("CUP", BERLIN=5)
    order = market.packed(("CUP", 1))
    with pytest.raises(IllegalTransition, match="labeled by us"):
        tells(market, order.shipments[0].shipment_id)


def test_a_vendor_reads_the_address_for_as_long_as_it_is_its_business(market: Shop) -> None:
    key = asked(market)
    assert drop_ship.recipient(key, orders=market.orders).city == "Berlin"
    market.rejects(key)
    with pytest.raises(NotFound):
        drop_ship.recipient(key, orders=market.orders)


@pytest.mark.parametrize(
    ("carrier", "number"), [("", "DHL-0001"), ("a" * 41, "DHL-0001"), ("x", "1"), ("x", "A B C D")]
)
def test_a_label_that_makes_no_sense_is_refused(carrier: str, number: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        drop_ship.VendorLabel(carrier=carrier, tracking_number=number)
