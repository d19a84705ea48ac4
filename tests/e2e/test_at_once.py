"""Random histories of a shop with several callers at once, on the tables of an embedded AWS.

Hypothesis makes up what four callers do: they buy (also twice under one key, also killed halfway),
let checkouts expire, report stock, count it, transfer it, allocate, reject, miss, pack, ship,
deliver, cancel and return. All four run at the same time, in threads, against the real adapters.
When they are through, every row of the tables is read and every invariant has to hold.

`make histories HISTORIES=2000` runs as many as one likes.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from typing import Any, NamedTuple
from zlib import crc32

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from doorstep.adapters import aws as adapters_aws
from doorstep.adapters.dynamo import keys
from doorstep.adapters.dynamo.catalog import DynamoCatalog
from doorstep.adapters.dynamo.days import counters
from doorstep.adapters.dynamo.ledger import DynamoLedger
from doorstep.adapters.dynamo.orders import DynamoOrders
from doorstep.adapters.dynamo.queues import DynamoQueues
from doorstep.adapters.dynamo.rules import DynamoRuleBook
from doorstep.adapters.dynamo.schema import TIMELINE_PREFIX
from doorstep.adapters.dynamo.stock import DynamoStock
from doorstep.adapters.payments import EachItsOwn
from doorstep.adapters.payments.sandbox import Token
from doorstep.domain.errors import DoorstepError
from doorstep.domain.events import TimelineItem
from doorstep.domain.fulfillment import WORKABLE, FulfillmentOrder, FulfillmentStatus
from doorstep.domain.order import Order, order_id
from doorstep.domain.returns import ReturnStatus
from doorstep.domain.stock import StockLevels
from doorstep.ports import Consignment, Label
from doorstep.runtime.settings import Settings
from doorstep.usecases import counting, feed, refill, stock, transfers
from doorstep.usecases.reconcile import audit
from local import conservation
from local.aws import Aws
from local.embedded import EmbeddedAws, client_environment
from tests import builders as a
from tests.contract.tables import create_sandbox_table, create_table
from tests.invariants import Moved, broken
from tests.shop import TTL, Countdown, Killed, Shop, kill

HISTORIES = int(os.environ.get("HISTORIES", "30"))
CALLERS = 4
STEPS = 16

SKUS = ("MUG", "CUP")
PLACES = ("BERLIN", "HAMBURG")
TOKENS = (Token.APPROVE,) * 5 + tuple(sorted(set(Token) - {Token.SLOW, Token.APPROVE}))


class Step(NamedTuple):
    """What one caller does next; the numbers choose among what there is at that moment."""

    deed: str
    which: int
    much: int


class PlainLabels:
    """A carrier whose numbers come from our references, as they must be the same for a repeat."""

    def buy_label(self, consignment: Consignment) -> Label:
        number = f"T{crc32(consignment.reference.encode()):010}"
        return Label(carrier="sandbox", tracking_number=number, pdf=b"%PDF-")


class CrowdedShop(Shop):
    """The shop of the unit tests, on real tables and with a real memory of the provider."""

    def __init__(self, table: str, sandbox_table: str) -> None:
        super().__init__()
        client = adapters_aws.client("dynamodb")
        self.orders = DynamoOrders(client, table, "system", self.clock)  # type: ignore[assignment]
        self.stock = DynamoStock(client, table, self.clock)  # type: ignore[assignment]
        self.catalog = DynamoCatalog(client, table)  # type: ignore[assignment]
        self.queues = DynamoQueues(client, table)  # type: ignore[assignment]
        self.rule_book = DynamoRuleBook(client, table)  # type: ignore[assignment]
        self.gateway = EachItsOwn(Settings(sandbox_table_name=sandbox_table))  # type: ignore[assignment]
        self.carrier = PlainLabels()  # type: ignore[assignment]
        self.ledger = DynamoLedger(client, table, self.clock)
        self.known: set[str] = set()
        self._numbers = count(1)
        near = {"capabilities": ["ship", "same_day"], "latitude": 52.53, "longitude": 13.4}
        self.catalog.save(
            a.delivery(),
            a.same_day(windows=[a.NOON | {"order_by": "12:00"}, a.EVENING]),
            a.location("BERLIN", daily_capacity=6, **near),
            a.location("HAMBURG", a.HAMBURG),
            a.product("MUG", "3.33", stock_shards=3),
            a.product("CUP", "0.01"),
        )
        for sku, place, units in (
            ("MUG", "BERLIN", 9),
            ("MUG", "HAMBURG", 3),
            ("CUP", "HAMBURG", 9),
        ):
            receipt = stock.Receipt(
                receipt_id=f"first-{sku}-{place}",
                goods=(stock.ReceivedGoods(sku=sku, quantity=units),),
            )
            stock.receive_goods(place, receipt, catalog=self.catalog, stock=self.stock)

    def number(self) -> int:
        return next(self._numbers)

    def all_orders(self) -> list[Order]:
        found = []
        for key in sorted(self.known):
            try:
                found.append(self.orders.get(key))
            except DoorstepError:  # it was refused, or is not there yet
                continue
        return found

    # --- what the callers do ----------------------------------------------------------------------

    def buy(self, which: int, much: int) -> None:
        """The cart is made from the key, so that the same key again is a repeat."""
        key = f"cart-{which % 12}"
        chance = random.Random(key)  # noqa: S311 (a cart, not a secret)
        lines = [(chance.choice(SKUS), chance.randint(1, 3)) for _ in range(chance.randint(1, 2))]
        self.known.add(order_id("web", key))
        option = chance.choice(["standard", "same-day"])
        cart = a.cart(*lines, token=chance.choice(TOKENS), delivery_option=option)
        if much % 4:
            self.check_out(cart, key)
            return
        ports = {"orders": self.orders, "gateway": self.gateway}
        self.check_out(cart, key, **Countdown(1 + much // 4 % 5, kill).watching(ports))

    def expire(self, which: int, much: int) -> None:
        del which, much
        self.clock.advance(seconds=TTL + 1)
        self.expires()

    def allocate(self, which: int, much: int) -> None:
        del which, much
        self.allocates(*sorted(self.known))

    def refill(self, which: int, much: int) -> None:
        del which, much
        refill.refill(
            queues=self.queues,
            orders=self.orders,
            stock=self.stock,
            catalog=self.catalog,
            workflow=self.workflow,
            clock=self.clock,
        )

    def answer(self, which: int, much: int) -> None:
        """A location packs, rejects or misses what it was given, or starts with it."""
        one = self._fulfillment_order(which, *WORKABLE, FulfillmentStatus.ALLOCATED)
        if one is None:
            return
        key = one.fulfillment_order_id
        if one.status is FulfillmentStatus.ALLOCATED:
            self.releases(key)
        if much % 5 == 0:
            self.rejects(key)
        elif much % 5 == 1:
            part = one.lines[0]
            self.misses(key, **{f"L{part.line_id}": 1 + one.missing.get(part.line_id, 0)})
        else:
            self.packs(key)

    def ship(self, which: int, much: int) -> None:
        """A location in a hurry: everything from the release to the handover."""
        del much
        given = (FulfillmentStatus.ALLOCATED, *WORKABLE, FulfillmentStatus.PACKED)
        if one := self._fulfillment_order(which, *given):
            key = one.fulfillment_order_id
            self.releases(key)
            if one.status is not FulfillmentStatus.PACKED:
                self.packs(key)
            self.ships(key)

    def deliver(self, which: int, much: int) -> None:
        parcels = [s for order in self.all_orders() for s in order.parcels if s.tracking_number]
        if parcels:
            status = ("delivered", "delivered", "in_transit")[much % 3]
            self.says(parcels[which % len(parcels)].shipment_id, status)

    def cancel(self, which: int, much: int) -> None:
        del much
        if orders := self.all_orders():
            self.cancels(orders[which % len(orders)].order_id)

    def bring_back(self, which: int, much: int) -> None:
        arrived = [o for o in self.all_orders() if any(x.delivered for x in o.lines)]
        if not arrived:
            return
        order = arrived[which % len(arrived)]
        coming = [back for back in order.returns if back.status is ReturnStatus.APPROVED]
        if not coming:
            self.wants_back(order.order_id, a.back(order.lines[0].line_id), key=f"r{much % 3}")
            return
        back = coming[0]
        self.counts(back.return_id, **{f"L{one.line_id}": one.quantity for one in back.lines})
        self.refunds(back.return_id)

    def report(self, which: int, much: int) -> None:
        """A warehouse system says how much there is, or what changed; late and twice, too."""
        told: dict[str, int] = {"on_hand": much % 12} if much % 2 else {"change": 1 + much % 4}
        entry = feed.FeedEntry(sku=SKUS[which % 2], sequence=1 + which % 9, **told)
        place = PLACES[which // 2 % 2]
        feed.follow_feed("erp", place, [entry], catalog=self.catalog, stock=self.stock)

    def take_stock(self, which: int, much: int) -> None:
        place, sku, name = PLACES[which % 2], SKUS[which // 2 % 2], f"count-{self.number()}"
        ports: dict[str, Any] = {"stock": self.stock, "clock": self.clock}
        opened = counting.OpenCount(count_id=name, skus=(sku,))
        counting.open_count(place, opened, by="ann", catalog=self.catalog, **ports)
        counted = counting.Counted(counted=much % 12, reason="counted anew")
        counting.record_count(place, name, sku, counted, stock=self.stock)
        counting.close_count(place, name, by="ann", catalog=self.catalog, **ports)

    def adjust(self, which: int, much: int) -> None:
        change = stock.Adjustment(
            adjustment_id=f"adjustment-{which % 9}",
            sku=SKUS[which % 2],
            change=1 + which % 3 if which % 4 else -1,
            reason=stock.AdjustmentReason.CORRECTION,
        )
        place = PLACES[much % 2]
        stock.adjust(place, change, by="ann", catalog=self.catalog, stock=self.stock)

    def transfer(self, which: int, much: int) -> None:
        name = f"transfer-{which % 6}"
        goods = [{"sku": SKUS[which % 2], "quantity": 1 + which % 3}]
        ends = {"from": PLACES[which % 2], "to": PLACES[1 - which % 2]}
        ports: dict[str, Any] = {"catalog": self.catalog, "stock": self.stock, "clock": self.clock}
        sent = transfers.ShipTransfer.model_validate({"transfer_id": name, "goods": goods, **ends})
        transfers.ship_transfer(sent, **ports)
        if much % 2:
            got = transfers.ReceiveTransfer(
                received={SKUS[which % 2]: 1 + which % 3 - much % 3 // 2}
            )
            transfers.receive_transfer(name, got, **ports)

    def _fulfillment_order(
        self, which: int, *statuses: FulfillmentStatus
    ) -> FulfillmentOrder | None:
        all_ = [one for order in self.all_orders() for one in order.fulfillment_orders]
        found = [one for one in all_ if one.status in statuses]
        return found[which % len(found)] if found else None


DEEDS = (
    *("buy",) * 4,
    *("expire", "allocate", "allocate", "refill", *("answer",) * 4, "ship", "ship"),
    *(
        "deliver",
        "deliver",
        "cancel",
        "bring_back",
        "bring_back",
        "report",
        "take_stock",
        "adjust",
        "transfer",
    ),
)
steps = st.builds(Step, st.sampled_from(DEEDS), st.integers(0, 99), st.integers(0, 99))
histories = st.tuples(*[st.lists(steps, min_size=STEPS // 2, max_size=STEPS)] * CALLERS)


@pytest.fixture(scope="module")
def tables(aws: EmbeddedAws) -> Iterator[Aws]:
    """The embedded AWS, which the adapters of this process take for theirs."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in client_environment(aws.endpoint).items():
            environment.setenv(name, value)
        adapters_aws._made.cache_clear()
        with Aws(aws.endpoint) as client:
            yield client
        adapters_aws._made.cache_clear()


@settings(
    max_examples=HISTORIES,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(history=histories)
def test_whatever_callers_do_at_once_the_books_add_up(
    tables: Aws, history: tuple[list[Step], ...]
) -> None:
    number = next(_NUMBERS)
    table = create_table(tables.dynamodb, f"history-{number}")
    sandbox = create_sandbox_table(tables.dynamodb, f"history-{number}-sandbox")
    shop = CrowdedShop(table, sandbox)
    _at_once(history, lambda step: _do(shop, step))
    assert not _faults(shop, list(tables.rows(table)))
    _come_to_rest(shop)
    rows = list(tables.rows(table))
    assert not _faults(shop, rows)
    assert not conservation.violations(rows, tables.rows(sandbox))
    for name in (table, sandbox):
        tables.dynamodb.delete_table(TableName=name)


def _do(shop: CrowdedShop, step: Step) -> None:
    """Whatever Doorstep refuses is refused in its own words; a killed caller is gone."""
    try:
        getattr(shop, step.deed)(step.which, step.much)
    except (DoorstepError, Killed):
        return


def _at_once(history: tuple[list[Step], ...], do: Callable[[Step], None]) -> None:
    together = threading.Barrier(len(history))

    def live(own: list[Step]) -> None:
        together.wait()
        for step in own:
            do(step)

    with ThreadPoolExecutor(len(history)) as callers:
        for done in [callers.submit(live, own) for own in history]:
            done.result()


def _come_to_rest(shop: CrowdedShop) -> None:
    """Whatever was left halfway is finished or undone by what runs by itself."""
    for _ in range(3):
        shop.clock.advance(hours=1)
        shop.expires()
        shop.allocates(*sorted(shop.known))
        packed = [
            one
            for order in shop.all_orders()
            for one in order.fulfillment_orders
            if one.status is FulfillmentStatus.PACKED
        ]
        for one in packed:
            with suppress(DoorstepError):
                shop.ships(one.fulfillment_order_id)


def _faults(shop: CrowdedShop, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What does not hold, by the unit tests' reading of the invariants and by the reconciler's."""
    orders = list(conservation.orders(rows))
    levels = [shop.ledger.levels(sku) for sku in SKUS]
    timelines: dict[str, list[TimelineItem]] = {order.order_id: [] for order in orders}
    for row in rows:
        if row["sk"]["S"].startswith(TIMELINE_PREFIX):
            item = TimelineItem.model_validate_json(row["json"]["S"])
            timelines[item.order_id].append(item)
    for timeline in timelines.values():
        timeline.sort(key=lambda item: item.sequence)
    moved = [
        Moved(row["sku"]["S"], row.get("location_id", {"S": ""})["S"], row["kind"]["S"], units)
        for row in rows
        if row["pk"]["S"].startswith("LEDGER#") and (units := int(row["quantity"]["N"]))
    ]
    taken = [counters(row) for row in rows if row["pk"]["S"] == keys.days()]
    days = {key: units for day in taken for key, units in day.items()}
    found = broken(orders, levels, moved, timelines, days)
    found += [
        f"{one.sku}: {audited.drift}" for one in levels if (audited := _audit(shop, one)).drift
    ]
    return found


def _audit(shop: CrowdedShop, levels: StockLevels) -> Any:
    return audit(levels.sku, ledger=shop.ledger, orders=shop.orders)


_NUMBERS = count(1)
