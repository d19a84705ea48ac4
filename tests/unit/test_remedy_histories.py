"""Random histories of shortages and their remedies: whatever is offered, chosen, refilled, canceled
and crashed, at once and twice, stock and money add up after every step.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from doorstep.domain.errors import (
    CaptureDeclined,
    Conflict,
    IllegalTransition,
    InvalidCommand,
    OutOfStock,
    QuantityExceeded,
)
from doorstep.domain.fulfillment import WORKABLE, FulfillmentOrder
from doorstep.domain.money import Money, total
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.payment import STOREFRONT
from doorstep.domain.remedy import Remedy, RemedyKind, RemedyPolicy, RemedyStatus
from tests import builders as a
from tests.shop import Countdown, Killed, Shop, kill

REFUSED = (
    CaptureDeclined,
    Conflict,
    IllegalTransition,
    InvalidCommand,
    OutOfStock,
    QuantityExceeded,
)
"""What the shop may answer to a legitimate wish."""

skus = st.sampled_from(["MUG", "CUP"])
carts = st.lists(st.tuples(skus, st.integers(1, 4)), min_size=1, max_size=3)
once_or_twice = st.integers(1, 2)


class Shortages(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop()
        self.carts = 0

    @initialize(at_deadline=st.sampled_from(["wait", "partial", "refund"]), price=st.integers(1, 9))
    def open(self, at_deadline: str, price: int) -> None:
        """Two products that soon run out, and two that may be sent instead."""
        for sku, amount, units in (
            ("MUG", "3.33", 2),
            ("CUP", "0.01", 1),
            ("TUMBLER", f"{price}.99", 6),
            ("BEAKER", "0.02", 6),
        ):
            self.shop.sells(sku, amount, BERLIN=units)
        for sku, others in (("MUG", ("TUMBLER", "BEAKER")), ("CUP", ("TUMBLER",))):
            product = self.shop.memory.products[sku]
            self.shop.catalog.save(product.model_copy(update={"substitutes": others}))
        for channel in ("shopify", "web"):
            kind = RemedyKind(at_deadline)
            self.shop.policies.save(RemedyPolicy(channel=channel, at_deadline=kind))  # type: ignore[arg-type]
        self.sell([("MUG", 4), ("CUP", 1)])

    # --- what is sold, and what there is ----------------------------------------------------------

    @rule(wanted=carts)
    def sell(self, wanted: list[tuple[str, int]]) -> None:
        """A storefront sells what is there, and what is not."""
        self.carts += 1
        sold = [a.sold(str(n), sku, units, "3.33") for n, (sku, units) in enumerate(wanted)]
        self.shop.hears(a.storefront_order(*sold, external_id=str(self.carts)))
        self.shop.settle()

    @rule(units=st.integers(1, 3))
    def sell_here_and_miss(self, units: int) -> None:
        """Bought here, and a part of it is not on the shelf."""
        self.carts += 1
        self.shop.gets("MUG", BERLIN=units)
        with suppress(OutOfStock):
            order = self.shop.buys(("MUG", units), key=f"cart-{self.carts}")
            self.shop.settle()
            for one in self.shop.order(order.order_id).fulfillment_orders:
                self.shop.misses(one.fulfillment_order_id, L1=1)
            self.shop.settle()

    @rule(sku=skus, units=st.integers(1, 3))
    def goods_arrive(self, sku: str, units: int) -> None:
        self.shop.gets(sku, HAMBURG=units)
        self.shop.allocates(*self.shop.memory.orders)

    @precondition(lambda self: self._asked())
    @rule(times=once_or_twice)
    def pack_and_ship(self, times: int) -> None:
        for one in self._asked():
            self.shop.packs(one.fulfillment_order_id)
        self.shop.settle(times)

    # --- the way out ------------------------------------------------------------------------------

    @precondition(lambda self: self._short())
    @rule(data=st.data(), times=once_or_twice)
    def offer(self, data: st.DataObject, times: int) -> None:
        order = self._pick(data, self._short())
        for _ in range(times):
            with suppress(*REFUSED):
                self.shop.offers(order.order_id)

    @precondition(lambda self: self._offers())
    @rule(data=st.data(), times=once_or_twice)
    def choose(self, data: st.DataObject, times: int) -> None:
        deed = self._choice(data)
        for _ in range(times):
            with suppress(*REFUSED):
                deed()
        self.shop.settle(times)

    @precondition(lambda self: self._offers())
    @rule(data=st.data(), calls=st.integers(0, 8))
    def choose_and_crash(self, data: st.DataObject, calls: int) -> None:
        deed = self._choice(data)
        real = {"orders": self.shop.orders, "gateway": self.shop.gateway}
        vars(self.shop).update(Countdown(calls, kill).watching(real))
        with suppress(Killed, *REFUSED):
            deed()
        vars(self.shop).update(real)

    @precondition(lambda self: self._offers())
    @rule(data=st.data(), calls=st.integers(0, 6))
    def choose_while_something_else_happens(self, data: st.DataObject, calls: int) -> None:
        deed, other = self._choice(data), self._meanwhile(data)
        real = {"orders": self.shop.orders, "gateway": self.shop.gateway}

        def meanwhile() -> None:
            vars(self.shop).update(real)
            with suppress(*REFUSED):
                other()

        vars(self.shop).update(Countdown(calls, meanwhile).watching(real))
        with suppress(*REFUSED):
            deed()
        vars(self.shop).update(real)

    @rule(days=st.integers(1, 5))
    def days_pass(self, days: int) -> None:
        """Long enough for offers to be made, to expire, and to be finished."""
        for _ in range(days):
            self.shop.advance(days=1)
            self.shop.remedies()
            self.shop.expires()
        self.shop.settle()

    @precondition(lambda self: self._short())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        with suppress(*REFUSED):
            self.shop.cancels(self._pick(data, self._short()).order_id)

    # --- what must hold ---------------------------------------------------------------------------

    @invariant()
    def everything_adds_up(self) -> None:
        self.shop.check()

    @invariant()
    def what_is_paid_back_is_what_the_canceled_units_carried(self) -> None:
        """To the last unit, less what others cost that are sent instead; of orders that nothing but
        remedies has canceled.
        """
        for order in self._orders():
            done = [one for one in order.remedies if one.status is RemedyStatus.CARRIED_OUT]
            heard = [item.data.get("reason") for item in self.shop.memory.timelines[order.order_id]]
            if "changed my mind" in heard or any(one.decided for one in order.remedies):
                continue
            zero = Money.zero(order.currency)
            packed = total((parcel.amount for parcel in order.parcels), "EUR")
            waiting = total((line.total - line.settled for line in order.lines), "EUR")
            carried = total((parcel.order_amount for parcel in order.parcels), "EUR")
            once = order.totals.shipping + order.totals.fees - carried
            if not any(line.settled_units < line.ordered for line in order.lines):
                once = zero
            back = total((one.refund or zero for one in done), "EUR")
            assert packed + waiting + once + back == order.totals.total

    def teardown(self) -> None:
        """When all is quiet, nothing is half done, and what nobody needs is not reserved."""
        self.shop.settle(times=2)
        self.shop.advance(minutes=11)
        self.shop.remedies()
        self.shop.expires()
        self.shop.settle()
        self.shop.check()
        for order in self._orders():
            assert not order.deciding
            if order.status is OrderStatus.CANCELED:
                own = [one for one in order.payments if one.provider != STOREFRONT]
                assert not any(one.authorized for one in own)

    # --- what there is ----------------------------------------------------------------------------

    def _choice(self, data: st.DataObject) -> Callable[[], object]:
        remedy = self._pick(data, self._offers())
        option = self._pick(data, list(remedy.options))
        chosen = {}
        if option.substitutes and data.draw(st.booleans()):
            one = self._pick(data, list(option.substitutes))
            chosen[f"L{one.line_id}"] = one.sku
        return lambda: self.shop.chooses(remedy.remedy_id, option.kind, **chosen)

    def _meanwhile(self, data: st.DataObject) -> Callable[[], object]:
        shop = self.shop
        order = shop.order_of(self._pick(data, self._offers()).remedy_id)

        def refill() -> None:
            for line in order.lines:
                shop.gets(line.sku or "", BERLIN=2)
            shop.allocates(*shop.memory.orders)

        deeds: list[Callable[[], object]] = [
            refill,
            self._choice(data),
            partial(shop.cancels, order.order_id),
            shop.remedies,
        ]
        return self._pick(data, deeds)

    def _orders(self) -> list[Order]:
        return [order.loaded() for order in self.shop.memory.orders.values()]

    def _short(self) -> list[Order]:
        return [order for order in self._orders() if order.unplaced]

    def _offers(self) -> list[Remedy]:
        return [order.offered for order in self._orders() if order.offered]

    def _asked(self) -> list[FulfillmentOrder]:
        found = (one for order in self._orders() for one in order.fulfillment_orders)
        return [one for one in found if one.status in WORKABLE]

    @staticmethod
    def _pick(data: st.DataObject, found: list[Any]) -> Any:
        return found[data.draw(st.integers(0, len(found) - 1))]


TestShortages = Shortages.TestCase
TestShortages.settings = settings(
    max_examples=60,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
