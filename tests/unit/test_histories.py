"""Random histories of a whole shop: whatever happens, in whatever order, the invariants hold.

Hypothesis buys from the shelf and beyond it, alone and in bundles, kills checkouts halfway,
receives goods, rejects, misses, packs, delivers, cancels and returns; every message is handed out
once or twice. After every step `Shop.check` holds invariants 1 to 4 and 6 of the domain against
everything that is stored, and what is taken of the days of the one place that can do only so much.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain.catalog import Backorder, DeliveryKind, Preorder, Terms
from doorstep.domain.errors import (
    CaptureDeclined,
    Conflict,
    FullyBooked,
    IllegalTransition,
    InvalidCommand,
    NotFound,
    NotSupported,
    OutOfStock,
    PaymentDeclined,
    PaymentOutcomeUnknown,
    ProviderUnavailable,
    QuantityExceeded,
    ReturnRefused,
)
from doorstep.domain.events import OrderRouted, TimelineItem
from doorstep.domain.fulfillment import WORKABLE, FulfillmentOrder, FulfillmentStatus
from doorstep.domain.money import total
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.payment import STOREFRONT, Payment
from doorstep.domain.reconciling import DifferenceKind
from doorstep.domain.refunds import RefundRule
from doorstep.domain.remedy import Remedy
from doorstep.domain.returns import Return, ReturnStatus
from doorstep.domain.rules import SourcingRules, Verb
from doorstep.domain.shipment import Shipment
from doorstep.domain.shipping import Parcel
from doorstep.domain.simulation import compare
from doorstep.usecases import ship
from doorstep.usecases.cart import Tender
from tests import builders as a
from tests.shop import TTL, Countdown, Killed, Shop, kill

skus = st.sampled_from(["MUG", "CUP", "SET"])
lines = st.lists(st.tuples(skus, st.integers(1, 3)), min_size=1, max_size=3)
places = st.sampled_from(["BERLIN", "HAMBURG"])
tokens = st.sampled_from([Token.APPROVE] * 4 + sorted(set(Token) - {Token.SLOW}))
tenders = st.tuples(
    st.lists(
        st.builds(
            a.tender,
            tokens,
            st.sampled_from(["0.01", "1.11", "2.00"]),
            st.sampled_from(["card", "gift_card", "store_credit"]),
        ),
        min_size=1,
        max_size=2,
    ),
    st.builds(a.tender, tokens),
).map(lambda parts: [*parts[0], parts[1]])
statuses = st.sampled_from(
    ["in_transit", "out_for_delivery", "exception", "delivered", "delivered"]
)
once_or_twice = st.integers(1, 2)

REFUSED = (
    OutOfStock,
    PaymentDeclined,
    ProviderUnavailable,
    PaymentOutcomeUnknown,
    IllegalTransition,
    InvalidCommand,
    QuantityExceeded,
    ReturnRefused,
    CaptureDeclined,
    FullyBooked,
    InvalidCommand,
    Conflict,
    NotSupported,
)
"""What the shop may answer to a legitimate wish."""


class History(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop()
        hasty = Terms(accept_hours=1, pack_hours=2)
        able = {"capabilities": ["ship", "same_day", "pickup"], "latitude": 52.53}
        self.shop.catalog.save(
            a.delivery("0.00", code="pickup", kind=DeliveryKind.PICKUP),
            a.location("BERLIN", terms=hasty, daily_capacity=4, longitude=13.4, **able),
            a.location("HAMBURG", a.HAMBURG, capabilities=("ship", "pickup")),
            a.same_day(),
        )
        self.shop.sells("MUG", "3.33", BERLIN=9, HAMBURG=3)
        self.shop.sells("CUP", "0.01", HAMBURG=9)
        self.shop.sells("TUMBLER", "2.22", BERLIN=5)
        for sku, others in (("MUG", ("TUMBLER", "CUP")), ("CUP", ("TUMBLER",))):
            known = self.shop.memory.products[sku]
            self.shop.catalog.save(known.model_copy(update={"substitutes": others}))
        self.shop.saves(a.bundle("SET", "3.33", MUG=2, CUP=1))
        self.carts = 0

    @rule(
        sku=st.sampled_from(["MUG", "CUP"]),
        cap=st.integers(0, 4),
        preorder=st.booleans(),
    )
    def offer(self, sku: str, cap: int, preorder: bool) -> None:
        """Sold beyond the stock, before its release, or not at all."""
        self.shop.advance(seconds=1)
        terms: dict[str, object] = {"backorder": None, "preorder": None}
        if cap and preorder:
            release_at = self.shop.clock() + timedelta(hours=cap)
            terms["preorder"] = Preorder(cap=cap, release_at=release_at)
        elif cap:
            terms["backorder"] = Backorder(cap=cap, lead_days=cap)
        self.shop.saves(self.shop.memory.products[sku].model_copy(update=terms))

    @rule()
    def refill(self) -> None:
        self.shop.advance(seconds=1)
        self.shop.refills()

    # --- buying -----------------------------------------------------------------------------------

    @rule(wanted=lines, token=tokens, calls=st.integers(0, 6), again=st.booleans())
    def buy_for_today(
        self, wanted: list[tuple[str, int]], token: Token, calls: int, again: bool
    ) -> None:
        """By courier, from a process that may die; and once more."""
        self.carts += 1
        cart = a.cart(*wanted, token=token, delivery_option="same-day")
        ports = {"orders": self.shop.orders, "gateway": self.shop.gateway}
        with suppress(Killed, *REFUSED):
            dying = Countdown(calls, kill).watching(ports)
            self.shop.check_out(cart, f"cart-{self.carts}", **dying)
        if again:
            with suppress(*REFUSED):
                self.shop.check_out(cart, f"cart-{self.carts}")

    @rule(wanted=lines, token=tokens, again=st.booleans())
    def buy(self, wanted: list[tuple[str, int]], token: Token, again: bool) -> None:
        self.carts += 1
        for _ in range(1 + again):
            with suppress(*REFUSED):
                self.shop.buys(*wanted, token=token, key=f"cart-{self.carts}")

    @rule(wanted=lines, pays=tenders, calls=st.integers(1, 12), again=st.booleans())
    def buy_with_several_tenders(
        self, wanted: list[tuple[str, int]], pays: list[Tender], calls: int, again: bool
    ) -> None:
        self.carts += 1
        ports = {"orders": self.shop.orders, "gateway": self.shop.gateway}
        cart, key = a.split_cart(*wanted, pays=pays), f"cart-{self.carts}"
        with suppress(Killed, *REFUSED):
            self.shop.check_out(cart, key, **Countdown(calls, kill).watching(ports))
        if again:
            with suppress(*REFUSED):
                self.shop.check_out(cart, key)

    @rule(wanted=lines, token=tokens, calls=st.integers(1, 5))
    def buy_and_crash(self, wanted: list[tuple[str, int]], token: Token, calls: int) -> None:
        self.carts += 1
        ports = {"orders": self.shop.orders, "gateway": self.shop.gateway}
        with suppress(Killed, *REFUSED):
            self.shop.check_out(
                a.cart(*wanted, token=token),
                f"cart-{self.carts}",
                **Countdown(calls, kill).watching(ports),
            )

    @rule(wanted=lines, place=places, token=tokens)
    def buy_to_collect(self, wanted: list[tuple[str, int]], place: str, token: Token) -> None:
        self.carts += 1
        here = {"shipping_address": None, "pickup_location_id": place}
        with suppress(*REFUSED):
            key = f"cart-{self.carts}"
            self.shop.buys(*wanted, token=token, key=key, delivery_option="pickup", **here)

    @rule(wanted=lines, paid=st.booleans(), again=st.booleans())
    def sell_in_storefront(self, wanted: list[tuple[str, int]], paid: bool, again: bool) -> None:
        self.carts += 1
        sold = [a.sold(str(n), sku, units, "3.33") for n, (sku, units) in enumerate(wanted)]
        order = a.storefront_order(
            *sold, external_id=str(self.carts), paid=None if paid else "0.00"
        )
        for _ in range(1 + again):
            self.shop.hears(order)

    @rule(number=st.integers(1, 9))
    def cancel_in_storefront(self, number: int) -> None:
        with suppress(NotFound):
            self.shop.hears_cancellation(str(number))

    @precondition(lambda self: self.shop.memory.orders)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        with suppress(*REFUSED):
            self.shop.cancels(self._pick(data, self._orders()).order_id)

    # --- what happens by itself -------------------------------------------------------------------

    @rule(times=once_or_twice)
    def messages_arrive(self, times: int) -> None:
        self.shop.settle(times)

    @rule(times=once_or_twice)
    def time_passes(self, times: int) -> None:
        self.shop.advance(seconds=TTL + 1)
        for _ in range(times):
            self.shop.expires()
            self.shop.tries_again()
            self.shop.takes_back()
            self.shop.remedies()
            self.shop.looks_after_pickups()
            self.shop.alerts()

    @rule(days=st.integers(1, 12))
    def nobody_comes(self, days: int) -> None:
        """For days, to collect what waits."""
        self.shop.advance(days=days)
        self.shop.looks_after_pickups()

    @rule(
        verbs=st.lists(st.sampled_from(list(Verb)), unique=True),
        barred=st.none() | places,
        keep=st.booleans(),
    )
    def merchant_changes_the_rules(self, verbs: list[Verb], barred: str | None, keep: bool) -> None:
        few = {"name": "few", "unit": 900, "leaves_below": 2}
        never = {"name": "never", "never": {"locations": [barred]}}
        self.shop.rules(
            "default",
            charges=[few] if keep else [],
            filters=[never] if barred else [],
            actions=[
                {"name": verb, "do": verb} | ({"hours": 1} if verb is Verb.CANCEL_AFTER else {})
                for verb in verbs
            ],
        )

    @precondition(lambda self: any(order.on_hold for order in self._orders()))
    @rule(data=st.data(), asks=st.booleans())
    def agent_lets_go(self, data: st.DataObject, asks: bool) -> None:
        order = self._pick(data, [order for order in self._orders() if order.on_hold])
        with suppress(*REFUSED):
            if asks:
                self.shop.requests_allocation(order.order_id)
            else:
                hold = self._pick(data, [hold for hold in order.holds if hold.active])
                self.shop.releases_hold(order.order_id, hold.hold_id)

    @rule()
    def hours_pass(self) -> None:
        self.shop.advance(hours=2)
        self.shop.tries_again()
        self.shop.expires()

    @rule(days=st.integers(1, 8))
    def a_week_passes(self, days: int) -> None:
        """Authorizations run out, and are renewed; the provider's report agrees."""
        self.shop.advance(days=days)
        differing = {one.kind for one in self.shop.reconciles().differences}
        assert differing <= {DifferenceKind.UNANSWERED}
        self.shop.expires()

    @rule(sku=st.sampled_from(["MUG", "CUP"]), place=places, units=st.integers(1, 3))
    def goods_arrive(self, sku: str, place: str, units: int) -> None:
        self.shop.gets(sku, **{place: units})
        self.shop.allocates(*self.shop.memory.orders)

    @precondition(lambda self: self.shop.queues.due("unallocated", self.shop.clock.now, 1))
    @rule(days=st.integers(1, 20))
    def days_pass(self, days: int) -> None:
        """Long enough for offers to be made, and to expire."""
        for _ in range(days):
            self.shop.advance(days=1)
            self.shop.remedies()

    @precondition(lambda self: self._short())
    @rule(data=st.data(), times=once_or_twice)
    def offer_a_remedy(self, data: st.DataObject, times: int) -> None:
        order = self._pick(data, self._short())
        for _ in range(times):
            with suppress(*REFUSED):
                self.shop.offers(order.order_id)

    @precondition(lambda self: self._offers())
    @rule(data=st.data(), times=once_or_twice)
    def choose_a_remedy(self, data: st.DataObject, times: int) -> None:
        remedy = self._pick(data, self._offers())
        kind = self._pick(data, list(remedy.options)).kind
        for _ in range(times):
            with suppress(*REFUSED):
                self.shop.chooses(remedy.remedy_id, kind)

    @precondition(lambda self: self._offers())
    @rule(data=st.data(), calls=st.integers(0, 6))
    def choose_and_crash(self, data: st.DataObject, calls: int) -> None:
        remedy = self._pick(data, self._offers())
        kind = self._pick(data, list(remedy.options)).kind
        real = {"orders": self.shop.orders, "gateway": self.shop.gateway}
        vars(self.shop).update(Countdown(calls, kill).watching(real))
        with suppress(Killed, *REFUSED):
            self.shop.chooses(remedy.remedy_id, kind)
        vars(self.shop).update(real)

    @precondition(lambda self: self._asked())
    @rule(times=once_or_twice)
    def a_good_day(self, times: int) -> None:
        """Everything that is asked for is packed, paid and shipped, and most of it arrives."""
        for one in self._asked():
            self.shop.packs(one.fulfillment_order_id)
        self.shop.settle(times)
        for parcel in self._on_the_way()[1:] or self._on_the_way():
            self.shop.says(parcel.shipment_id, "delivered")
        self.shop.settle(times)

    @rule(place=places, on=st.booleans(), times=once_or_twice)
    def location_is_switched(self, place: str, on: bool, times: int) -> None:
        self.shop.switches(place, None if on else "flooded")
        for _ in range(times):
            self.shop.carries_out_switches()

    # --- locations --------------------------------------------------------------------------------

    @precondition(lambda self: self._asked())
    @rule(data=st.data(), times=once_or_twice)
    def pack(self, data: st.DataObject, times: int) -> None:
        one = self._pick(data, self._asked())
        parcels: list[Parcel] = []
        if data.draw(st.booleans()):
            parcels = [
                Parcel(lines={part.line_id: 1}, weight_grams=100)
                for part in one.lines
                for _ in range(part.quantity)
            ]
        for _ in range(times):
            self.shop.packs(one.fulfillment_order_id, *parcels)

    @precondition(lambda self: self._asked())
    @rule(data=st.data(), times=once_or_twice)
    def reject(self, data: st.DataObject, times: int) -> None:
        one = self._pick(data, self._asked())
        for _ in range(times):
            self.shop.rejects(one.fulfillment_order_id)

    @precondition(lambda self: self._asked())
    @rule(data=st.data(), to=places, times=once_or_twice)
    def move(self, data: st.DataObject, to: str, times: int) -> None:
        one = self._pick(data, self._asked())
        with suppress(*REFUSED):
            for _ in range(times):
                self.shop.moves(one.fulfillment_order_id, to)

    @precondition(lambda self: self._asked())
    @rule(data=st.data(), times=once_or_twice)
    def miss(self, data: st.DataObject, times: int) -> None:
        one = self._pick(data, self._asked())
        part = self._pick(data, list(one.lines))
        units = data.draw(st.integers(1, part.quantity)) + one.missing.get(part.line_id, 0)
        for _ in range(times):
            self.shop.misses(one.fulfillment_order_id, **{f"L{part.line_id}": units})

    @precondition(lambda self: self._stuck())
    @rule(data=st.data(), pays=st.booleans())
    def retry(self, data: st.DataObject, pays: bool) -> None:
        one = self._pick(data, self._stuck())
        order = self.shop.order_of(one.fulfillment_order_id)
        for payment in order.payments:
            if pays and payment.provider != STOREFRONT:
                order = order.with_payment(payment.model_copy(update={"token": Token.APPROVE}))
        self.shop.orders.commit(order)
        ship.retry(one.fulfillment_order_id, orders=self.shop.orders)

    @precondition(lambda self: self._stuck())
    @rule(data=st.data(), token=tokens, times=once_or_twice)
    def pay_again(self, data: st.DataObject, token: Token, times: int) -> None:
        """The customer gives another card for what was declined."""
        one = self._pick(data, self._stuck())
        key = f"payment-{len(self.shop.order_of(one.fulfillment_order_id).payments)}"
        for _ in range(times):
            with suppress(*REFUSED):
                self.shop.pays_again(one.fulfillment_order_id, token, key)

    @precondition(lambda self: self._stuck())
    @rule(data=st.data(), times=once_or_twice)
    def unpack(self, data: st.DataObject, times: int) -> None:
        one = self._pick(data, self._stuck())
        for _ in range(times):
            with suppress(*REFUSED):
                self.shop.unpacks(one.fulfillment_order_id)

    @rule(down=st.booleans())
    def carrier_goes_up_or_down(self, down: bool) -> None:
        self.shop.carrier.down = down

    # --- the way to the doorstep and back ---------------------------------------------------------

    @precondition(lambda self: self._on_the_way())
    @rule(data=st.data(), status=statuses, hours=st.integers(0, 48), times=once_or_twice)
    def carrier_says(self, data: st.DataObject, status: str, hours: int, times: int) -> None:
        parcel = self._pick(data, self._on_the_way())
        at = self.shop.clock() + timedelta(hours=hours)
        for _ in range(times):
            self.shop.says(parcel.shipment_id, status, at)

    @precondition(lambda self: self._at_stores())
    @rule(data=st.data(), times=once_or_twice)
    def collect(self, data: st.DataObject, times: int) -> None:
        one = self._pick(data, self._at_stores())
        for _ in range(times):
            with suppress(*REFUSED):
                if one.status is FulfillmentStatus.SHIPPED:
                    self.shop.arrives(one.fulfillment_order_id)
                else:
                    self.shop.collects(one.fulfillment_order_id)

    @precondition(lambda self: self._arrived())
    @rule(data=st.data(), units=st.integers(1, 3), times=once_or_twice)
    def want_back(self, data: st.DataObject, units: int, times: int) -> None:
        order = self._pick(data, self._arrived())
        line = self._pick(data, list(order.lines))
        key = f"r{len(order.returns)}"
        with suppress(*REFUSED):
            for _ in range(times):
                self.shop.wants_back(order.order_id, a.back(line.line_id, units), key=key)

    @precondition(lambda self: self._coming_back())
    @rule(data=st.data(), times=once_or_twice)
    def count(self, data: st.DataObject, times: int) -> None:
        back = self._pick(data, self._coming_back())
        counts: dict[str, tuple[int, int]] = {}
        for line in back.lines:
            received = data.draw(st.integers(0, line.quantity))
            counts[f"L{line.line_id}"] = (received, data.draw(st.integers(0, received)))
        for _ in range(times):
            self.shop.counts(back.return_id, **counts)

    @precondition(lambda self: self._coming_back())
    @rule(data=st.data(), times=once_or_twice)
    def keep(self, data: st.DataObject, times: int) -> None:
        back = self._pick(data, self._coming_back())
        for _ in range(times):
            self.shop.keeps(back.return_id)

    @precondition(lambda self: self.shop.memory.orders)
    @rule(
        data=st.data(),
        amount=st.sampled_from(["", "0.01", "1.50", "99.00"]),
        rules=st.sampled_from(RefundRule),
        times=once_or_twice,
    )
    def grant(self, data: st.DataObject, amount: str, rules: RefundRule, times: int) -> None:
        """An agent gives money back without a return."""
        order = self._pick(data, self._orders())
        key = f"refund-{len(order.refunds)}"
        for _ in range(times):
            with suppress(*REFUSED):
                self.shop.gives_back(order.order_id, amount, key, rule=rules)

    # --- two at once ------------------------------------------------------------------------------

    @precondition(lambda self: self.shop.memory.orders)
    @rule(data=st.data(), calls=st.integers(0, 4))
    def two_at_once(self, data: st.DataObject, calls: int) -> None:
        """Somebody comes in between two reads or writes of somebody else."""
        first, second = self._deed(data), self._deed(data)
        real = {"orders": self.shop.orders, "gateway": self.shop.gateway}

        def meanwhile() -> None:
            vars(self.shop).update(real)
            with suppress(*REFUSED):
                second()

        vars(self.shop).update(Countdown(calls, meanwhile).watching(real))
        with suppress(*REFUSED):
            first()
        vars(self.shop).update(real)

    def _deed(self, data: st.DataObject) -> Callable[[], object]:
        """Something that somebody might want to do to an order right now, sensible or not."""
        shop, order = self.shop, self._pick(data, self._orders())
        deeds: list[Callable[[], object]] = [
            lambda: shop.cancels(order.order_id),
            lambda: shop.gives_back(order.order_id, "1.00", f"refund-{len(order.refunds)}"),
            lambda: shop.gives_back(order.order_id, "1.00", "the other refund"),
            lambda: shop.allocates(*shop.memory.orders),
            shop.expires,
            shop.remedies,
            shop.alerts,
            shop.carries_out_switches,
            shop.looks_after_pickups,
        ]
        if order.unplaced:
            deeds.append(lambda: shop.offers(order.order_id))
        for remedy in order.remedies:
            deeds += [
                partial(shop.chooses, remedy.remedy_id, option.kind) for option in remedy.options
            ]
        for one in order.fulfillment_orders:
            key, part = one.fulfillment_order_id, one.lines[0].line_id
            deeds += [
                partial(shop.releases, key, token=one.execution_name),
                partial(shop.packs, key),
                partial(shop.rejects, key),
                partial(shop.moves, key, "HAMBURG"),
                partial(shop.misses, key, **{f"L{part}": 1 + one.missing.get(part, 0)}),
                partial(shop.captures, key),
                partial(shop.labels, key),
                partial(shop.ships, key),
                partial(shop.arrives, key),
                partial(shop.collects, key),
            ]
        for parcel in order.shipments:
            if parcel.tracking_number:
                deeds.append(partial(shop.says, parcel.shipment_id, "delivered"))
            line = parcel.lines[0].line_id
            key = f"r{len(order.returns)}"
            deeds.append(partial(shop.wants_back, order.order_id, a.back(line), key=key))
        for back in order.returns:
            counts = {f"L{part.line_id}": part.quantity for part in back.lines}
            deeds += [
                partial(shop.counts, back.return_id, **counts),
                partial(shop.refunds, back.return_id),
            ]
        return self._pick(data, deeds)

    # --- what must hold ---------------------------------------------------------------------------

    @invariant()
    def everything_adds_up(self) -> None:
        self.shop.check()

    def teardown(self) -> None:
        """When all is quiet, no checkout is pending and the provider's books agree with ours."""
        self.shop.carrier.down = False
        self.shop.settle(times=2)
        self.shop.advance(seconds=TTL + 1)
        self.shop.expires()
        self.shop.settle()
        self.shop.check()
        for order in self._orders():
            assert order.status is not OrderStatus.PENDING
            for item in self.shop.memory.timelines[order.order_id]:
                if item.name == "order.routed":
                    self._decided_again(order, item)
        for order in self._orders():
            for payment in order.payments:
                self._agrees(order, payment)

    def _agrees(self, order: Order, payment: Payment) -> None:
        """The provider has captured, refunded and kept reserved what we say."""
        charges = [
            charge
            for charge in self.shop.gateway.charges.values()
            if charge.key.startswith(f"{payment.payment_id}-authorize")
            and not charge.declined
            and not charge.lost
        ]
        if payment.provider == STOREFRONT or not charges:
            return
        captured = total((charge.captured for charge in charges), "EUR")
        asked = [payment.claimed] if captured > payment.captured else []
        assert captured == payment.captured + total(asked, "EUR")
        assert total((charge.refunded for charge in charges), "EUR") == payment.refunded
        assert total((charge.voided for charge in charges), "EUR") == payment.voided
        if order.status is OrderStatus.CANCELED:
            now = self.shop.clock()
            for charge in charges:
                ended = charge.released or (charge.terms.valid_until or now) <= now
                assert ended or charge.voided == charge.amount - charge.captured

    def _decided_again(self, order: Order, item: TimelineItem) -> None:
        """By the same rules, every decision is the same again, for the same cost."""
        routed = OrderRouted.model_validate(item.data)
        channel, _, version = routed.rules.partition("@")
        editions = self.shop.memory.editions.get(channel, [])
        rules = editions[int(version) - 1].rules if int(version) else SourcingRules()
        products = self.shop.memory.products
        again = compare(order, item, rules, self.shop.catalog.locations(), products)
        assert again
        assert again.plan_after == again.plan_before
        assert again.before.cost == again.after.cost == routed.cost.minor

    # --- what there is ----------------------------------------------------------------------------

    def _orders(self) -> list[Order]:
        return [order.loaded() for order in self.shop.memory.orders.values()]

    def _fulfillment_orders(self) -> list[FulfillmentOrder]:
        return [one for order in self._orders() for one in order.fulfillment_orders]

    def _short(self) -> list[Order]:
        return [order for order in self._orders() if order.unplaced]

    def _offers(self) -> list[Remedy]:
        return [order.offered for order in self._orders() if order.offered]

    def _asked(self) -> list[FulfillmentOrder]:
        return [one for one in self._fulfillment_orders() if one.status in WORKABLE]

    def _stuck(self) -> list[FulfillmentOrder]:
        stuck = (FulfillmentStatus.ON_HOLD, FulfillmentStatus.EXCEPTION)
        return [one for one in self._fulfillment_orders() if one.status in stuck]

    def _at_stores(self) -> list[FulfillmentOrder]:
        there = (FulfillmentStatus.SHIPPED, FulfillmentStatus.READY_FOR_PICKUP)
        return [one for one in self._fulfillment_orders() if one.pickup and one.status in there]

    def _on_the_way(self) -> list[Shipment]:
        return [s for order in self._orders() for s in order.shipments if s.tracking_number]

    def _arrived(self) -> list[Order]:
        return [order for order in self._orders() if any(x.delivered_at for x in order.shipments)]

    def _coming_back(self) -> list[Return]:
        return [
            back
            for order in self._orders()
            for back in order.returns
            if back.status is ReturnStatus.APPROVED
        ]

    @staticmethod
    def _pick(data: st.DataObject, found: list[Any]) -> Any:
        return found[data.draw(st.integers(0, len(found) - 1))]


TestHistories = History.TestCase
TestHistories.settings = settings(
    max_examples=100,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
