"""Checkout: priced, held, screened, paid, placed; and whatever may come in between."""

from contextlib import suppress

import pytest

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain.errors import (
    Conflict,
    IdempotencyKeyReused,
    InvalidCommand,
    OutOfStock,
    PaymentDeclined,
    ProviderUnavailable,
)
from doorstep.domain.money import Money
from doorstep.domain.order import FulfillmentState, LineKind, Order, OrderStatus, PaymentState
from doorstep.domain.order import order_id as id_of
from doorstep.domain.payment import Payment
from doorstep.ports import Authorization, TaxedAmount
from doorstep.runtime.views import OrderView
from doorstep.usecases.cart import Buyer, WantedLine
from doorstep.usecases.expire import Settlement, settle_unfinished
from tests import builders as a
from tests.contract.fakes import FakeGateway
from tests.shop import TTL, Countdown, Killed, Shop, Watched, kill

ORDER = id_of("web", "cart-1")

SETTLED = {
    Token.APPROVE: OrderStatus.PLACED,
    Token.SLOW: OrderStatus.PLACED,
    Token.TIMEOUT_BEFORE: OrderStatus.PLACED,
    Token.TIMEOUT_AFTER: OrderStatus.PLACED,
    Token.CAPTURE_DECLINE: OrderStatus.PLACED,
    Token.CAPTURE_TIMEOUT_AFTER: OrderStatus.PLACED,
    Token.REFUND_DECLINE: OrderStatus.PLACED,
    Token.EXPIRES: OrderStatus.PLACED,
    Token.CHARGE_BACK: OrderStatus.PLACED,
    Token.SINGLE_CAPTURE: OrderStatus.PLACED,
    Token.WHOLE_CAPTURE: OrderStatus.PLACED,
    Token.DECLINE: OrderStatus.CANCELED,
}
"""How a checkout with each payment method ends."""


def charged(shop: Shop, order: Order) -> None:
    """The provider has reserved the order's total once, and our books say so."""
    (charge,) = shop.gateway.charges.values()
    assert charge.amount == order.totals.total
    assert not charge.declined
    assert not charge.voided
    assert order.payments[0].authorized == order.totals.total


def nothing_happened(shop: Shop, sku: str = "MUG", units: int = 5) -> None:
    """All stock is free, and no money is reserved."""
    assert shop.left(sku) == (units, 0)
    for charge in shop.gateway.charges.values():
        assert charge.declined or charge.lost or charge.voided == charge.amount


# --- the good way ---------------------------------------------------------------------------------


def test_an_order_is_priced_taxed_held_paid_and_placed(shop: Shop) -> None:
    shop.sells("MUG", "12.00", BERLIN=5)
    shop.sells("CUP", "8.00", BERLIN=5)
    order, created = shop.check_out(a.cart(("MUG", 2), ("CUP", 1)))
    assert created
    assert order.status is OrderStatus.PLACED
    assert order.order_id == ORDER
    assert [line.total for line in order.lines] == [a.eur("24.00"), a.eur("8.00")]
    assert order.totals.total == a.eur("36.90")
    assert order.totals.tax == a.eur("5.88")
    assert (order.fulfillment_state, order.payment_state) == (
        FulfillmentState.UNALLOCATED,
        PaymentState.AUTHORIZED,
    )
    assert shop.left("MUG") == (3, 2)
    charged(shop, order)
    assert shop.heard(ORDER) == ["order.received", "payment.authorized", "order.placed"]


def test_the_promise_comes_from_the_delivery_option(shop: Shop) -> None:
    """Monday 10:00, one day to process, three on the way: handed over Tuesday, there on Friday."""
    shop.sells("MUG", BERLIN=5)
    promise = shop.buys(("MUG", 1)).promise
    assert promise
    assert f"{promise.ship_by:%A %H:%M}" == "Tuesday 23:59"
    assert f"{promise.deliver_by:%A %H:%M}" == "Friday 23:59"


def test_a_made_to_order_piece_takes_its_days_in_the_workshop(shop: Shop) -> None:
    shop.catalog.save(a.engraved("PEN"), a.location("WORKSHOP", kind="workshop"))
    shop.gets("PEN", WORKSHOP=5)
    line = WantedLine(sku="PEN", quantity=1, instructions={"engraving": "For Ada"})
    order = shop.check_out(a.cart(lines=(line,))).order
    assert order.lines[0].kind is LineKind.MADE_TO_ORDER
    assert order.lines[0].instructions == {"engraving": "For Ada"}
    assert order.promise
    assert f"{order.promise.ship_by:%Y-%m-%d}" == "2026-03-10"


def test_tax_that_comes_on_top_is_part_of_the_line(shop: Shop) -> None:
    class OnTop:
        def tax(self, amounts: list[tuple[str, Money]], destination: object) -> list[TaxedAmount]:
            del destination
            return [
                TaxedAmount(tax=Money(minor=7, currency="EUR"), included=False) for _ in amounts
            ]

    shop.sells("MUG", "12.00", BERLIN=5)
    order = shop.check_out(a.cart(("MUG", 2)), tax=OnTop()).order
    assert order.lines[0].total == a.eur("24.07")
    assert order.totals.shipping == a.eur("4.97")
    assert order.totals.total == a.eur("29.04")
    assert order.totals.tax == a.eur("0.14")


def test_an_order_that_costs_nothing_is_placed_without_a_charge(shop: Shop) -> None:
    shop.sells("GIFT", "0.00", BERLIN=5)
    shop.catalog.save(a.delivery("0.00"))
    order = shop.buys(("GIFT", 1))
    assert order.status is OrderStatus.PLACED
    assert order.payment_state is PaymentState.AUTHORIZED
    assert not shop.gateway.charges


# --- refusals -------------------------------------------------------------------------------------


def test_two_checkouts_race_for_the_last_unit_the_loser_is_not_charged(shop: Shop) -> None:
    """vendure#3065, #4930."""
    shop.sells("MUG", BERLIN=1)
    winner = shop.buys(("MUG", 1), key="winner")
    with pytest.raises(OutOfStock) as refusal:
        shop.buys(("MUG", 1), key="loser")
    assert refusal.value.short == {"MUG": (1, 0)}
    charged(shop, winner)


def test_two_lines_of_one_cart_with_the_same_sku_are_summed_before_they_are_checked(
    shop: Shop,
) -> None:
    """medusa#16502, vendure#2702."""
    shop.sells("MUG", BERLIN=5)
    with pytest.raises(OutOfStock) as refusal:
        shop.buys(("MUG", 3), ("MUG", 3))
    assert refusal.value.short == {"MUG": (6, 5)}
    nothing_happened(shop)


def test_every_fault_is_named_at_its_path(shop: Shop) -> None:
    shop.catalog.save(a.engraved("PEN"), a.product("YEN", prices={"JPY": 500}))
    line = WantedLine(sku="PEN", quantity=1, instructions={"color": "red"})
    command = a.cart(("NOPE", 1), ("YEN", 1), delivery_option="drone")
    command = command.model_copy(update={"lines": (*command.lines, line)})
    with pytest.raises(InvalidCommand) as refusal:
        shop.check_out(command)
    assert set(refusal.value.faults) == {
        "lines.0.sku",
        "lines.1.sku",
        "lines.2.instructions.engraving",
        "lines.2.instructions.color",
        "delivery_option",
    }


def test_a_declined_payment_frees_the_stock(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    with pytest.raises(PaymentDeclined, match="insufficient_funds"):
        shop.buys(("MUG", 2), token=Token.DECLINE)
    nothing_happened(shop)
    assert shop.order(ORDER).status is OrderStatus.CANCELED
    assert shop.order(ORDER).cancel_reason == "payment_declined"
    assert shop.heard(ORDER) == ["order.received", "payment.declined", "order.canceled"]


def test_the_key_of_a_declined_order_answers_the_same_refusal(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    for _ in range(2):
        with pytest.raises(PaymentDeclined, match="insufficient_funds"):
            shop.buys(("MUG", 2), token=Token.DECLINE)
    nothing_happened(shop)
    assert len(shop.heard(ORDER)) == 3


def test_an_unknown_payment_method_is_declined(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    with pytest.raises(PaymentDeclined, match="unknown_token"):
        shop.buys(("MUG", 2), token="tok_whatever")
    nothing_happened(shop)


def test_a_risky_order_is_held_for_review_not_lost(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    buyer = Buyer(email="m@example.org", name="Mallory")
    order = shop.buys(("MUG", 2), customer=buyer)
    assert order.status is OrderStatus.PLACED
    assert order.on_hold
    assert order.holds[0].reasons == ("known name",)
    charged(shop, order)
    shop.settle()
    assert not shop.order(ORDER).fulfillment_orders
    placed = shop.orders.timeline(ORDER)[-1]
    assert (placed.name, placed.data["on_hold"]) == ("order.placed", True)


# --- time-outs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", list(SETTLED))
def test_every_payment_method_ends_as_it_should(shop: Shop, token: Token) -> None:
    shop.sells("MUG", BERLIN=5)
    if SETTLED[token] is OrderStatus.PLACED:
        order = shop.buys(("MUG", 2), token=token)
        assert order.status is OrderStatus.PLACED
        charged(shop, order)
    else:
        with pytest.raises(PaymentDeclined):
            shop.buys(("MUG", 2), token=token)
        nothing_happened(shop)


def test_while_the_provider_is_down_the_checkout_waits_and_is_undone_in_the_end(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    with pytest.raises(ProviderUnavailable):
        shop.buys(("MUG", 2), token=Token.DOWN)
    assert shop.order(ORDER).status is OrderStatus.PENDING
    assert shop.left("MUG") == (3, 2)
    shop.expires()
    assert shop.order(ORDER).status is OrderStatus.PENDING
    shop.advance(seconds=TTL + 1)
    shop.expires()
    assert shop.order(ORDER).status is OrderStatus.CANCELED
    nothing_happened(shop)


# --- repeats --------------------------------------------------------------------------------------


def test_a_replay_answers_the_same_order_and_has_no_effect(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    first, created = shop.check_out(a.cart(("MUG", 2)))
    again, created_again = shop.check_out(a.cart(("MUG", 2)))
    assert (created, created_again) == (True, False)
    assert OrderView.of(again) == OrderView.of(first)
    assert shop.left("MUG") == (3, 2)
    charged(shop, again)


def test_a_replay_is_answered_even_when_the_last_unit_is_gone(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=2)
    first = shop.buys(("MUG", 2))
    assert shop.buys(("MUG", 2)).order_id == first.order_id


def test_a_replay_is_answered_even_when_the_product_is_not_sold_any_more(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=2)
    first = shop.buys(("MUG", 2))
    mug = shop.memory.products.pop("MUG")
    assert shop.buys(("MUG", 2)).order_id == first.order_id
    shop.catalog.save(mug)


def test_the_same_key_with_another_body_is_refused(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    shop.buys(("MUG", 2))
    with pytest.raises(IdempotencyKeyReused):
        shop.buys(("MUG", 1))
    with pytest.raises(IdempotencyKeyReused):
        shop.buys(("NOPE", 1))
    with pytest.raises(IdempotencyKeyReused):
        shop.buys(("MUG", 9))
    assert shop.left("MUG") == (3, 2)


def test_the_same_key_in_another_channel_is_another_order(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    assert shop.buys(("MUG", 1)).order_id != shop.buys(("MUG", 1), channel="app").order_id
    assert shop.left("MUG") == (3, 2)


# --- crashes and races ----------------------------------------------------------------------------

PORT_CALLS = 9
"""More than a checkout makes of orders, catalog, stock and gateway together."""


def ports(shop: Shop) -> dict[str, object]:
    return {
        "orders": shop.orders,
        "catalog": shop.catalog,
        "stock": shop.stock,
        "gateway": shop.gateway,
    }


def killed_after(shop: Shop, calls: int, token: Token) -> bool:
    """A checkout that dies before its call number `calls`; False where it got through."""
    countdown = Countdown(calls, kill)
    with suppress(Killed, PaymentDeclined):
        shop.check_out(a.cart(("MUG", 2), token=token), **countdown.watching(ports(shop)))
    return countdown.done


@pytest.mark.parametrize("calls", range(PORT_CALLS))
@pytest.mark.parametrize("token", list(SETTLED))
def test_a_crash_at_any_point_is_healed_by_a_repeat(shop: Shop, token: Token, calls: int) -> None:
    shop.sells("MUG", BERLIN=5)
    killed_after(shop, calls, token)
    shop.check()
    if SETTLED[token] is OrderStatus.PLACED:
        order = shop.buys(("MUG", 2), token=token)
        assert shop.left("MUG") == (3, 2)
        charged(shop, order)
    else:
        with pytest.raises(PaymentDeclined):
            shop.buys(("MUG", 2), token=token)
        nothing_happened(shop)
    assert shop.order(ORDER).status is SETTLED[token]


@pytest.mark.parametrize("calls", range(PORT_CALLS))
@pytest.mark.parametrize("token", list(SETTLED))
def test_a_crash_at_any_point_is_finished_or_undone_by_expire(
    shop: Shop, token: Token, calls: int
) -> None:
    """Placed where the money was reserved, undone where it was not; and nothing in between."""
    shop.sells("MUG", BERLIN=5)
    killed_after(shop, calls, token)
    shop.advance(seconds=TTL + 1)
    shop.expires()
    if ORDER not in shop.memory.orders:
        assert calls < 5
        nothing_happened(shop)
        return
    order = shop.order(ORDER)
    if order.status is OrderStatus.PLACED:
        assert shop.left("MUG") == (3, 2)
        charged(shop, order)
    else:
        assert order.status is OrderStatus.CANCELED
        nothing_happened(shop)
        shop.advance(minutes=10, seconds=1)
        shop.expires()
        nothing_happened(shop)
    assert shop.order(ORDER).expires_at is None


def test_money_reserved_by_a_repeat_that_died_is_given_free(shop: Shop) -> None:
    """The checkout was undone while the repeat was with the provider; nobody else knows of it."""
    shop.sells("MUG", BERLIN=5)
    with suppress(Killed):
        shop.check_out(a.cart(("MUG", 2)), gateway=Watched(shop.gateway, kill))

    class Late(FakeGateway):
        def authorize(self, payment: Payment, key: str) -> Authorization:
            shop.advance(seconds=TTL + 1)
            shop.expires()
            shop.gateway.authorize(payment, key)
            raise Killed

    with suppress(Killed):
        shop.check_out(a.cart(("MUG", 2)), gateway=Late())
    (charge,) = shop.gateway.charges.values()
    assert shop.order(ORDER).status is OrderStatus.CANCELED
    assert not charge.voided
    shop.advance(minutes=10, seconds=1)
    for _ in range(2):
        shop.expires()
    assert charge.voided == charge.amount
    assert shop.order(ORDER).payment_state is PaymentState.VOIDED
    nothing_happened(shop)


def test_a_checkout_makes_fewer_calls_than_are_tested_for_crashes(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    assert not killed_after(shop, PORT_CALLS, Token.TIMEOUT_BEFORE)


@pytest.mark.parametrize("calls", range(PORT_CALLS))
@pytest.mark.parametrize("token", list(SETTLED))
def test_two_callers_with_the_same_key_at_once_make_one_order(
    shop: Shop, token: Token, calls: int
) -> None:
    shop.sells("MUG", BERLIN=5)
    answers: list[object] = []

    def caller(**watched: object) -> None:
        try:
            answers.append(shop.check_out(a.cart(("MUG", 2), token=token), **watched))
        except PaymentDeclined as declined:
            answers.append(str(declined))

    caller(**Countdown(calls, caller).watching(ports(shop)))
    assert len(shop.memory.orders) == 1
    if SETTLED[token] is OrderStatus.PLACED:
        charged(shop, shop.order(ORDER))
        assert shop.left("MUG") == (3, 2)
        placed = [answer for answer in answers if isinstance(answer, tuple)]
        assert {answer[0].status for answer in placed} == {OrderStatus.PLACED}
        assert sum(answer[1] for answer in placed) == 1
    else:
        nothing_happened(shop)
        assert set(answers) == {"The payment was declined: insufficient_funds."}


@pytest.mark.parametrize("calls", range(PORT_CALLS))
def test_late_authorization_of_an_undone_checkout_is_voided(shop: Shop, calls: int) -> None:
    """A losing run's compensation must not undo the winner's effect, either: medusa#13301."""
    shop.sells("MUG", BERLIN=5)

    def time_passes() -> None:
        shop.advance(seconds=TTL + 1)
        shop.expires()

    countdown = Countdown(calls, time_passes)
    try:
        order = shop.check_out(a.cart(("MUG", 2)), **countdown.watching(ports(shop))).order
    except PaymentDeclined:
        assert shop.order(ORDER).status is OrderStatus.CANCELED
        nothing_happened(shop)
        assert shop.order(ORDER).payment_state is PaymentState.VOIDED
    else:
        assert order.status is OrderStatus.PLACED
        assert shop.order(ORDER).status is OrderStatus.PLACED
        charged(shop, shop.order(ORDER))


@pytest.mark.parametrize("calls", range(PORT_CALLS))
def test_a_cancellation_in_the_middle_of_a_checkout_leaves_no_money_reserved(
    shop: Shop, calls: int
) -> None:
    shop.sells("MUG", BERLIN=5)

    def cancel() -> None:
        if ORDER in shop.memory.orders:
            with pytest.raises(Conflict):
                shop.cancels(ORDER)

    countdown = Countdown(calls, cancel)
    shop.check_out(a.cart(("MUG", 2)), **countdown.watching(ports(shop)))
    shop.cancels(ORDER)
    nothing_happened(shop)


def test_expire_leaves_alone_what_is_not_due_or_is_done(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    shop.buys(("MUG", 1))
    shop.advance(days=5)
    assert shop.expires() == (0, ())
    assert shop.order(ORDER).status is OrderStatus.PLACED


def test_one_checkout_that_cannot_be_settled_does_not_keep_others_waiting(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    for key in ("down", "fine"):
        with pytest.raises(ProviderUnavailable):
            shop.buys(("MUG", 1), token=Token.DOWN, key=key)
    broken = id_of("web", "down")

    class HalfDown:
        def find(self, payment: object, key: str) -> None:
            del payment
            if key.startswith(broken):
                raise ProviderUnavailable("down")

    shop.advance(seconds=TTL + 1)
    settlement = Settlement(shop.orders, HalfDown(), shop.fraud, shop.clock)  # type: ignore[arg-type]
    settled = settle_unfinished(settlement, queues=shop.queues)
    assert settled == (1, (broken,))
    assert shop.order(id_of("web", "fine")).status is OrderStatus.CANCELED


# --- hot products ---------------------------------------------------------------------------------


def test_a_hot_sku_is_sold_from_all_its_shards(shop: Shop) -> None:
    shop.catalog.save(a.product("MUG", stock_shards=4))
    for shard in range(4):
        goods = a.received("MUG", "BERLIN", 2, cause=f"r{shard}")
        shop.stock.move(goods.model_copy(update={"shard": shard}))
    for number in range(8):
        shop.buys(("MUG", 1), key=f"cart-{number}")
    assert shop.left("MUG") == (0, 8)
    with pytest.raises(OutOfStock):
        shop.buys(("MUG", 1), key="cart-9")


def test_the_same_request_in_another_order_of_words_is_the_same() -> None:
    one, other = (
        a.cart(lines=(WantedLine(sku="BOARD", quantity=1, instructions=said),))
        for said in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"})
    )
    assert one.fingerprint() == other.fingerprint()
