"""Random histories of a stockroom: whatever people and systems say, the books add up.

Hypothesis sells, ships and cancels a hot and an ordinary SKU, from the shelf and beyond it, while
locations adjust, count, transfer, set aside and keep back, a feed counts late and twice, terms
change, and the reconciler spreads shards.
After every step the invariants hold, and the reconciler finds nothing.
"""

from contextlib import suppress
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from doorstep.domain.availability import goods_state
from doorstep.domain.catalog import Backorder, Preorder
from doorstep.domain.errors import (
    IdempotencyKeyReused,
    IllegalTransition,
    InvalidCommand,
    NotFound,
    OutOfStock,
    QuantityExceeded,
)
from doorstep.domain.sellable import sellable
from doorstep.domain.stock import MovementKind
from doorstep.domain.stock_file import StockFile
from doorstep.domain.stockkeeping import QUALITY_MOVES
from doorstep.usecases import counting, feed, stock, stock_files, transfers
from doorstep.usecases.products import settle_room
from doorstep.usecases.reconcile import audit
from doorstep.usecases.shards import rebalance
from tests import builders as a
from tests.builders import NOW
from tests.contract.fakes_orders import FakeLedger
from tests.invariants import broken_stock_events
from tests.shop import Shop

skus = st.sampled_from(["MUG", "CUP"])
places = st.sampled_from(["BERLIN", "HAMBURG"])
units = st.integers(1, 6)
sequences = st.integers(1, 6)
quality_moves = st.sampled_from(sorted(QUALITY_MOVES))

REFUSED = (
    IdempotencyKeyReused,
    IllegalTransition,
    InvalidCommand,
    NotFound,
    OutOfStock,
    QuantityExceeded,
)


class Stockroom(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop()
        self.shop.catalog.save(a.location("BERLIN", daily_capacity=2))
        self.shop.sells("MUG", BERLIN=4, HAMBURG=4)
        self.shop.sells("CUP", BERLIN=4)
        self.shop.catalog.save(a.product("MUG", stock_shards=3))
        self.number = 0
        self.ports = {"catalog": self.shop.catalog, "stock": self.shop.stock}

    def _next(self) -> int:
        self.number += 1
        self.shop.clock.advance(seconds=1)
        return self.number

    @rule(sku=skus, quantity=units, far=st.booleans())
    def sell(self, sku: str, quantity: int, far: bool) -> None:
        with suppress(*REFUSED):
            order = self.shop.buys((sku, quantity), key=f"cart-{self._next()}")
            if far:
                self.shop.allocates(order.order_id)

    @rule(sku=skus, quantity=units)
    def sell_in_storefront(self, sku: str, quantity: int) -> None:
        sold = a.sold("1", sku, quantity)
        self.shop.hears(a.storefront_order(sold, external_id=str(self._next())))

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if orders := sorted(self.shop.memory.orders):
            with suppress(*REFUSED):
                self.shop.cancels(data.draw(st.sampled_from(orders)))

    @rule()
    def work(self) -> None:
        self.shop.settle()

    @rule(sku=skus, shards=st.integers(1, 3), cap=st.integers(0, 6), preorder=st.booleans())
    def offer(self, sku: str, shards: int, cap: int, preorder: bool) -> None:
        """Other terms: sold beyond the stock, before its release, or not at all."""
        self._next()
        terms: dict[str, object] = {}
        if cap and preorder:
            release_at = self.shop.clock() + timedelta(hours=cap)
            terms = {"preorder": Preorder(cap=cap, release_at=release_at)}
        elif cap:
            terms = {"backorder": Backorder(cap=cap, lead_days=3)}
        self.shop.saves(a.product(sku, stock_shards=shards if sku == "MUG" else 1, **terms))

    @rule(hours=st.integers(1, 7))
    def time_passes(self, hours: int) -> None:
        self.shop.advance(hours=hours)

    @rule()
    def settle_room(self) -> None:
        self._next()
        settle_room(["MUG", "CUP"], clock=self.shop.clock, **self.ports)

    @rule(sku=skus, place=places, quantity=units)
    def receive(self, sku: str, place: str, quantity: int) -> None:
        goods = stock.ReceivedGoods(sku=sku, quantity=quantity)
        receipt = stock.Receipt(receipt_id=f"R{self._next()}", goods=(goods,))
        stock.receive_goods(self._place(place), receipt, **self.ports)

    @rule(place=places, on=st.booleans())
    def switch(self, place: str, on: bool) -> None:
        self._next()
        self.shop.switches(self._place(place), None if on else "flooded")
        self.shop.carries_out_switches()

    @rule(sku=skus, place=places, change=st.integers(-6, 6).filter(bool))
    def adjust(self, sku: str, place: str, change: int) -> None:
        command = stock.Adjustment(
            adjustment_id=f"A{self._next()}", sku=sku, change=change, reason="correction"
        )
        for _ in range(2):
            with suppress(*REFUSED):
                stock.adjust(self._place(place), command, by="Bea", **self.ports)

    @rule(sku=skus, place=places, quantity=units, move=quality_moves)
    def move_quality(self, sku: str, place: str, quantity: int, move: tuple[str, str]) -> None:
        command = stock.QualityMove.model_validate(
            {"move_id": f"Q{self._next()}", "sku": sku, "quantity": quantity, "reason": "x"}
            | {"from": move[0], "to": move[1]}
        )
        with suppress(*REFUSED):
            stock.move_quality(self._place(place), command, by="Bea", **self.ports)

    @rule(sku=skus, place=places, quantity=st.integers(0, 4))
    def keep_back(self, sku: str, place: str, quantity: int) -> None:
        self._next()
        command = stock.SafetyStock(units=quantity, reason="x")
        with suppress(*REFUSED):
            stock.keep_safety_stock(
                self._place(place), sku, command, by="Bea", clock=self.shop.clock, **self.ports
            )

    @rule(sku=skus, place=places, sequence=sequences, on_hand=st.integers(0, 9))
    def feed_count(self, sku: str, place: str, sequence: int, on_hand: int) -> None:
        entry = feed.FeedEntry(sku=sku, sequence=sequence, on_hand=on_hand)
        feed.follow_feed("wms", self._place(place), [entry], **self.ports)

    @rule(sku=skus, place=places, sequence=sequences, change=st.integers(-4, 4))
    def feed_change(self, sku: str, place: str, sequence: int, change: int) -> None:
        entry = feed.FeedEntry(sku=sku, sequence=sequence, change=change)
        with suppress(*REFUSED):
            feed.follow_feed("wms", self._place(place), [entry, entry], **self.ports)

    @rule(place=places, sequence=sequences, counts=st.lists(st.integers(0, 9), max_size=3))
    def feed_file(self, place: str, sequence: int, counts: list[int]) -> None:
        """Counts by the file, which comes twice; a third line is about a SKU that is not sold."""
        file = StockFile(
            location_id=self._place(place), source="wms", sequence=sequence, asked_at=NOW
        )
        lines = (f"{sku},{units}" for sku, units in zip(("MUG", "CUP", "NO"), counts, strict=False))
        content = "\n".join(("sku,on_hand", *lines)).encode()
        files, ports = self.shop.documents, {**self.ports, "clock": self.shop.clock}
        known = file.key in files.files
        files.put(file.key, content, "text/csv")
        first = stock_files.read_file(file.key, len(content), files=files, **ports)
        assert first.ended
        assert stock_files.read_file(file.key, len(content), files=files, **ports) == first
        if not known:
            assert first.lines == len(counts)
            assert first.outcomes.get("refused", 0) == max(0, len(counts) - 2)

    @rule(sku=skus, place=places, quantity=units, received=st.integers(0, 7))
    def transfer(self, sku: str, place: str, quantity: int, received: int) -> None:
        other = {"BERLIN": "HAMBURG", "HAMBURG": "BERLIN"}[self._place(place)]
        goods = stock.ReceivedGoods(sku=sku, quantity=quantity)
        command = transfers.ShipTransfer.model_validate(
            {"transfer_id": f"T{self._next()}", "from": place, "to": self._place(other)}
            | {"goods": [goods.model_dump()]}
        )
        with suppress(*REFUSED):
            shipped = transfers.ship_transfer(command, clock=self.shop.clock, **self.ports)
            counts = transfers.ReceiveTransfer(received={sku: received})
            for _ in range(2):
                transfers.receive_transfer(
                    shipped.transfer_id, counts, clock=self.shop.clock, **self.ports
                )

    @rule(sku=skus, place=places, counted=st.integers(0, 9))
    def count(self, sku: str, place: str, counted: int) -> None:
        key, place = f"C{self._next()}", self._place(place)
        common = {"by": "Bea", "clock": self.shop.clock, **self.ports}
        counting.open_count(place, counting.OpenCount(count_id=key, skus=(sku,)), **common)
        found = counting.Counted(counted=counted, reason="x")
        counting.record_count(place, key, sku, found, stock=self.shop.stock)
        for _ in range(2):
            counting.close_count(place, key, **common)

    @rule()
    def refill(self) -> None:
        self._next()
        self.shop.refills()

    @rule()
    def rebalance(self) -> None:
        self._next()
        rebalance(["MUG", "CUP"], clock=self.shop.clock, **self.ports)

    @rule(sku=skus, low=st.integers(0, 4), berlin=st.integers(0, 4))
    def set_thresholds(self, sku: str, low: int, berlin: int) -> None:
        shards = 3 if sku == "MUG" else 1
        watched = {"low_stock": low, "low_stock_at": {"BERLIN": berlin}}
        self.shop.catalog.save(a.product(sku, stock_shards=shards, **watched))

    @rule()
    def watch(self) -> None:
        self._next()
        self.shop.watches()
        for sku, levels in self.shop.stock.levels(["MUG", "CUP"]).items():
            standing, product = self.shop.memory.standings[sku], self.shop.memory.products[sku]
            now = sellable(product, levels, self.shop.clock()).now
            assert sku not in self.shop.memory.moved_since or standing.state is goods_state(
                now, product.low_stock
            )

    @invariant()
    def what_was_told_of_stock_is_one_history(self) -> None:
        assert not list(broken_stock_events(self.shop.memory.stock_events))

    @invariant()
    def the_books_add_up(self) -> None:
        self.shop.check()
        for sku in ("MUG", "CUP"):
            found = audit(sku, ledger=FakeLedger(self.shop.memory), orders=self.shop.orders)
            assert found.sound, found
            assert not found.busy

    @invariant()
    def nothing_is_corrected(self) -> None:
        kinds = {movement.kind for movement in self.shop.memory.movements}
        assert MovementKind.CORRECTED not in kinds

    def _place(self, place: str) -> str:
        """A place that is known to the catalog."""
        if place not in self.shop.memory.locations:
            self.shop.catalog.save(a.location(place, a.HAMBURG))
        return place


TestStockroom = Stockroom.TestCase
TestStockroom.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
