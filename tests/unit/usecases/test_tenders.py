"""Several tenders for one order: authorized together or not at all, drawn on to the last cent."""

from contextlib import suppress

import pytest

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain.errors import CaptureDeclined, InvalidCommand, PaymentDeclined
from doorstep.domain.order import Order, OrderStatus, PaymentState, order_id
from doorstep.domain.payment import MAX_TENDERS, Method
from doorstep.usecases.cart import Tender
from tests import builders as a
from tests.shop import TTL, Countdown, Killed, Shop, Watched, kill

ORDER = order_id("web", "cart-1")
MIXED = (a.tender(amount="6.00"), a.tender(method="gift_card", amount="5.00"), a.tender())
"""A card, a gift card and another card, for an order of 28.90 EUR."""


def bought(shop: Shop, *pays: Tender) -> Order:
    """Two mugs of 12.00 EUR, 4.90 EUR for delivery."""
    shop.sells("MUG", BERLIN=5)
    return shop.check_out(a.split_cart(("MUG", 2), pays=pays or MIXED)).order


def packed(shop: Shop, *pays: Tender) -> Order:
    """In two parcels: 16.90 and 12.00 EUR."""
    order = bought(shop, *pays)
    shop.allocates(ORDER)
    key = f"{ORDER}-F1"
    shop.releases(key)
    shop.packs(key, a.parcel(L1=1), a.parcel(L1=1))
    return shop.order(order.order_id)


def taken(order: Order) -> list[str]:
    return [str(payment.captured) for payment in order.payments]


def reserved(shop: Shop) -> list[str]:
    """What the provider holds of each tender."""
    charges = shop.gateway.charges.values()
    return [str(c.amount - c.voided) for c in charges if not c.declined and not c.lost]


# --- checkout -----------------------------------------------------------------------------------


def test_one_tender_may_give_the_rest(shop: Shop) -> None:
    order = bought(shop)
    assert [str(payment.amount) for payment in order.payments] == [
        "6.00 EUR",
        "5.00 EUR",
        "17.90 EUR",
    ]
    assert [payment.method for payment in order.payments] == ["card", "gift_card", "card"]
    assert order.payment_state is PaymentState.AUTHORIZED
    assert shop.heard(ORDER).count("payment.authorized") == 3


def test_the_short_form_is_one_card(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    (payment,) = shop.buys(("MUG", 2)).payments
    assert (payment.method, payment.amount) == (Method.CARD, a.eur("28.90"))


@pytest.mark.parametrize(
    ("pays", "path", "why"),
    [
        ([a.tender(amount="5.00"), a.tender(amount="6.00")], "payments", "11.00 EUR is given of"),
        ([a.tender(amount="28.90"), a.tender()], "payments", "28.90 EUR is given of 28.90 EUR"),
        ([a.tender(amount="30.00"), a.tender()], "payments", "30.00 EUR is given of 28.90 EUR"),
        ([a.tender(), a.tender()], "payments", "only one may give the rest"),
        ([a.tender(amount="-1.00"), a.tender()], "payments.0.amount", "more than nothing"),
    ],
)
def test_amounts_that_do_not_add_up_change_nothing(
    shop: Shop, pays: list[Tender], path: str, why: str
) -> None:
    with pytest.raises(InvalidCommand) as refusal:
        bought(shop, *pays)
    assert why in refusal.value.faults[path]
    assert shop.left("MUG") == (5, 0)
    assert not shop.gateway.charges


def test_a_token_beside_payments_is_refused_and_so_is_neither(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    for cart in (a.cart(("MUG", 1), payments=MIXED), a.cart(("MUG", 1), token="")):
        with pytest.raises(InvalidCommand, match="not with both"):
            shop.check_out(cart)


def test_a_method_that_nobody_takes_is_refused(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    cart = a.split_cart(("MUG", 2), pays=MIXED)
    with pytest.raises(InvalidCommand) as refusal:
        shop.check_out(cart, payment_methods={Method.CARD: "sandbox"})
    assert refusal.value.faults == {"payments.1.method": "taken are card"}


@pytest.mark.parametrize("place", range(3))
def test_a_refusal_gives_the_other_tenders_free(shop: Shop, place: int) -> None:
    pays = list(MIXED)
    pays[place] = pays[place].model_copy(update={"token": Token.DECLINE})
    for _ in range(2):
        with pytest.raises(PaymentDeclined, match="insufficient_funds"):
            bought(shop, *pays)
    order = shop.order(ORDER)
    assert order.status is OrderStatus.CANCELED
    assert len(shop.gateway.charges) == place + 1, "those behind it are not asked"
    assert reserved(shop) == ["0.00 EUR"] * place
    assert not any(payment.authorized for payment in order.payments)


@pytest.mark.parametrize("calls", range(10))
@pytest.mark.parametrize("last", [Token.APPROVE, Token.DECLINE, Token.TIMEOUT_AFTER])
def test_a_crash_at_any_point_is_healed_by_a_repeat(shop: Shop, last: Token, calls: int) -> None:
    shop.sells("MUG", BERLIN=5)
    cart = a.split_cart(("MUG", 2), pays=(*MIXED[:2], a.tender(last)))
    ports = Countdown(calls, kill).watching({"orders": shop.orders, "gateway": shop.gateway})
    with suppress(Killed, PaymentDeclined):
        shop.check_out(cart, **ports)
    with suppress(PaymentDeclined):
        shop.check_out(cart)
    shop.advance(seconds=TTL + 1)
    shop.expires()
    whole = ["6.00 EUR", "5.00 EUR", "17.90 EUR"]
    assert reserved(shop) == (["0.00 EUR"] * 2 if last is Token.DECLINE else whole)


@pytest.mark.parametrize("calls", range(8))
def test_a_crash_at_any_point_is_finished_or_undone_by_expire(shop: Shop, calls: int) -> None:
    """Placed where all of the money was reserved; where a part was, that part is free again."""
    shop.sells("MUG", BERLIN=5)
    ports = Countdown(calls, kill).watching({"orders": shop.orders, "gateway": shop.gateway})
    with suppress(Killed):
        shop.check_out(a.split_cart(("MUG", 2), pays=MIXED), **ports)
    for _ in range(3):
        shop.advance(seconds=TTL + 1)
        shop.expires()
    placed = ORDER in shop.memory.orders and shop.order(ORDER).status is OrderStatus.PLACED
    assert placed == (len(shop.gateway.charges) == 3)
    if not placed:
        assert set(reserved(shop)) <= {"0.00 EUR"}
        assert shop.left("MUG") == (5, 0)


@pytest.mark.parametrize("calls", range(5))
def test_a_losers_compensation_undoes_nothing_of_the_winner(shop: Shop, calls: int) -> None:
    """medusa#13301."""
    shop.sells("MUG", BERLIN=5)
    cart = a.split_cart(("MUG", 2), pays=MIXED)
    meanwhile = Countdown(calls, lambda: shop.check_out(cart))
    order = shop.check_out(
        cart, **meanwhile.watching({"orders": shop.orders, "gateway": shop.gateway})
    ).order
    assert order.status is OrderStatus.PLACED
    assert reserved(shop) == ["6.00 EUR", "5.00 EUR", "17.90 EUR"]


def test_a_checkout_that_pays_while_it_is_undone_pays_for_nothing(shop: Shop) -> None:
    """`expire` undoes it between two tenders of a slow repeat."""
    shop.sells("MUG", BERLIN=5)

    class Slow(Watched):
        def authorize(self, *args: object) -> object:
            answer = shop.gateway.authorize(*args)  # type: ignore[arg-type]
            if len(shop.gateway.charges) == 1:
                shop.advance(seconds=TTL + 1)
                shop.expires()
            return answer

    with pytest.raises(PaymentDeclined, match="expired"):
        shop.check_out(
            a.split_cart(("MUG", 2), pays=MIXED), gateway=Slow(shop.gateway, lambda: None)
        )
    assert reserved(shop) == ["0.00 EUR"] * 3
    assert shop.left("MUG") == (5, 0)


# --- capture ------------------------------------------------------------------------------------


def test_stored_value_is_spent_first_and_the_shares_add_up_to_the_whole(shop: Shop) -> None:
    order = packed(shop)
    first, second = order.shipments
    shop.captures(f"{ORDER}-F1")
    order = shop.order(ORDER)
    assert taken(order) == ["6.00 EUR", "5.00 EUR", "17.90 EUR"]
    drawn = {
        parcel.shipment_id: [
            (payment.tender, str(event.amount))
            for payment in order.payments
            for event in payment.events
            if event.key.startswith(f"{parcel.shipment_id}-capture")
        ]
        for parcel in (first, second)
    }
    assert drawn == {
        first.shipment_id: [("T1", "6.00 EUR"), ("T2", "5.00 EUR"), ("T3", "5.90 EUR")],
        second.shipment_id: [("T3", "12.00 EUR")],
    }
    assert order.payment_state is PaymentState.CAPTURED


def test_no_stored_value_is_spent_on_a_parcel_whose_card_declines(shop: Shop) -> None:
    gift = a.tender(method="gift_card", amount="5.00")
    packed(shop, gift, a.tender(Token.CAPTURE_DECLINE))
    with pytest.raises(CaptureDeclined, match="do_not_honor"):
        shop.captures(f"{ORDER}-F1")
    order = shop.order(ORDER)
    assert taken(order) == ["0.00 EUR", "0.00 EUR"]
    assert not any(payment.claimed for payment in order.payments)


@pytest.mark.parametrize("calls", range(20))
def test_a_crash_between_any_two_tenders_captures_each_once(shop: Shop, calls: int) -> None:
    packed(shop)
    watched = {name: getattr(shop, name) for name in ("orders", "gateway")}
    vars(shop).update(Countdown(calls, kill).watching(watched))
    with suppress(Killed):
        shop.captures(f"{ORDER}-F1")
    vars(shop).update(watched)
    shop.check()
    shop.captures(f"{ORDER}-F1")
    assert [str(c.captured) for c in shop.gateway.charges.values()] == taken(shop.order(ORDER))
    assert shop.order(ORDER).captured == a.eur("28.90")


def test_canceling_the_rest_gives_every_tenders_remainder_free(shop: Shop) -> None:
    order = bought(shop)
    shop.cancels(order.order_id)
    assert reserved(shop) == ["0.00 EUR"] * 3


def test_the_most_tenders_fit_into_one_transaction_with_the_largest_cart(shop: Shop) -> None:
    skus = [f"SKU-{number}" for number in range(40)]
    for sku in skus:
        shop.sells(sku, "1.00", BERLIN=5)
    pays = [a.tender(amount="1.00") for _ in range(MAX_TENDERS - 1)]
    lines = [(sku, 1) for sku in skus]
    with pytest.raises(PaymentDeclined):
        shop.check_out(a.split_cart(*lines, pays=(*pays, a.tender(Token.DECLINE))), "declined")
    order = shop.check_out(a.split_cart(*lines, pays=(*pays, a.tender()))).order
    shop.cancels(order.order_id)
    assert set(reserved(shop)) == {"0.00 EUR"}
