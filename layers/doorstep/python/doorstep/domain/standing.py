"""How the stock of a SKU stands, for those who wait for a change of it.

Its states, how long it will last, and whether its books are right.

It is looked at beside the orders and never by a checkout: what changes between two looks and back
again is not told. Each change is one event, numbered within the SKU.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Self

from pydantic import PrivateAttr

from doorstep.domain import events
from doorstep.domain.availability import StockState, goods_state
from doorstep.domain.catalog import Product, Sku
from doorstep.domain.events import Event
from doorstep.domain.ledger import Drift, Unexplained
from doorstep.domain.record import Moment, Record
from doorstep.domain.sellable import sellable
from doorstep.domain.stock import StockLevels
from doorstep.domain.work import WorkItem, WorkItemStatus

WEEKS = 8
"""How far back shipments say how fast a SKU sells; one that is younger is never too much."""

LOOK_EVERY = timedelta(weeks=1)
"""What nobody buys does not move: it is looked at all the same."""

DRIFT = "stock_drift"
"""The cause of the work item."""

_TOLD = 20
"""Faults that are spelled out; more of them are only counted."""


class Standing(Record):
    """What was last told of a SKU. One that nobody has looked at has nothing."""

    sku: Sku
    state: StockState = StockState.OUT_OF_STOCK
    places: Mapping[str, StockState] = {}
    """Of the locations that have a threshold of their own."""
    shipped: Mapping[date, int] = {}
    """Units that were shipped in the week that begins on this Monday."""
    known_since: Moment
    look_at: Moment
    """When it is looked at even if it does not move."""
    faults: tuple[str, ...] = ()
    """What does not add up in its books."""
    work_item: WorkItem | None = None
    """The newest one."""
    work_items: int = 0
    version: int = 0
    sequence: int = 0
    """The number of its newest event."""

    _raised: tuple[Event, ...] = PrivateAttr(default=())

    @classmethod
    def unknown(cls, sku: str, at: datetime) -> Self:
        """Before anybody has looked."""
        return cls(sku=sku, known_since=at, look_at=at)

    @property
    def raised(self) -> tuple[Event, ...]:
        """The events that will be written with it."""
        return self._raised

    def weeks_of_cover(self, left: int, at: datetime) -> int | None:
        """How many weeks so many units last; None where nothing was shipped lately."""
        sold = self._sold(at)
        return left * WEEKS // sold if sold else None

    def state_of(self, product: Product, levels: StockLevels, at: datetime) -> StockState:
        """The state of its goods wherever they are."""
        left = sellable(product, levels, at).now
        state = goods_state(left, product.low_stock)
        limit = product.overstock_weeks
        if state is StockState.IN_STOCK and limit is not None:
            known = at - self.known_since >= timedelta(weeks=WEEKS)
            if known and left * WEEKS > self._sold(at) * limit:
                return StockState.OVERSTOCK
        return state

    def seen(self, product: Product, levels: StockLevels, at: datetime) -> Self:
        """As these levels have it; an event for every state that is another one than before."""
        state = self.state_of(product, levels, at)
        places = {
            place: goods_state(levels.at(place).available, threshold)
            for place, threshold in product.low_stock_at.items()
        }
        told: list[Event] = []
        if state is not self.state:
            left = sellable(product, levels, at).now
            cover = self.weeks_of_cover(left, at)
            told.append(_change(self.state, state, left, None, cover))
        for place, here in places.items():
            before = self.places.get(place, StockState.OUT_OF_STOCK)
            if here is not before:
                told.append(_change(before, here, levels.at(place).available, place, None))
        same = not told and places == self.places and at < self.look_at
        if same:
            return self
        look_at = at + LOOK_EVERY
        if product.preorder and product.unreleased(at):
            look_at = min(look_at, product.preorder.release_at)
        return self._changed(state=state, places=places, look_at=look_at)._raising(*told)

    def selling(
        self, shipped: Mapping[date, int], known_since: datetime | None, at: datetime
    ) -> Self:
        """With what its ledger says of its shipments, and of when it was first moved."""
        since = min(self.known_since, known_since or self.known_since)
        first = at.date() - timedelta(weeks=WEEKS)
        lately = {week: units for week, units in sorted(shipped.items()) if week > first}
        if (lately, since) == (dict(self.shipped), self.known_since):
            return self
        return self._changed(shipped=lately, known_since=since)

    def audited(self, found: Sequence[Drift | Unexplained], at: datetime) -> Self:
        """With what an audit found. The same finding is told once; a work item is open until
        nothing is found any more.
        """
        faults = tuple(sorted(_spelled(one) for one in found))
        if faults == self.faults:
            return self
        item = self.work_item if self.work_item and self.work_item.status == "open" else None
        if not faults:
            return self._changed(faults=())._settled(item, at)
        text = "; ".join(faults[:_TOLD])
        if len(faults) > _TOLD:
            text += f"; and {len(faults) - _TOLD} more"
        drift = events.StockDrift(faults=faults[:_TOLD], count=len(faults))
        if item:
            again = item.model_copy(update={"text": text})
            return self._changed(faults=faults, work_item=again)._raising(drift)
        number = self.work_items + 1
        key = f"{self.sku}-W-{DRIFT}" + (f"-{number}" if number > 1 else "")
        item = WorkItem(work_item_id=key, cause=DRIFT, subject=self.sku, text=text, opened_at=at)
        opened = events.WorkItemOpened(work_item_id=key, cause=DRIFT, subject=self.sku)
        return self._changed(faults=faults, work_item=item, work_items=number)._raising(
            drift, opened
        )

    def _settled(self, item: WorkItem | None, at: datetime) -> Self:
        """With its work item closed: by whom, the ledger says."""
        if item is None or item.status is WorkItemStatus.CLOSED:
            return self
        closed = item.close(by="system", at=at)
        told = events.WorkItemClosed(work_item_id=item.work_item_id)
        return self._changed(work_item=closed)._raising(told)

    def _sold(self, at: datetime) -> int:
        """Units of the last eight weeks."""
        first = at.date() - timedelta(weeks=WEEKS)
        return sum(units for week, units in self.shipped.items() if week > first)

    def _changed(self, **changes: object) -> Self:
        copy = self.model_copy(update=changes)
        copy._raised = self._raised
        return copy

    def _raising(self, *told: Event) -> Self:
        copy = self.model_copy()
        copy._raised = (*self._raised, *told)
        return copy


def _change(
    before: StockState, state: StockState, left: int, place: str | None, cover: int | None
) -> Event:
    """The one event for a change: named by what it became, but coming back is always that."""
    kinds: Mapping[StockState, type[events.StockChanged]] = {
        StockState.OUT_OF_STOCK: events.StockOut,
        StockState.LOW_STOCK: events.StockLow,
        StockState.OVERSTOCK: events.StockOverstock,
    }
    kind = kinds.get(state, events.StockNormal)
    if before is StockState.OUT_OF_STOCK:
        kind = events.StockBackInStock
    return kind(before=before, state=state, available=left, location_id=place, weeks_of_cover=cover)


def _spelled(one: Drift | Unexplained) -> str:
    if isinstance(one, Drift):
        where = f"at {one.location_id}" if one.location_id else "in the network"
        return f"{one.counter} {where} is {one.level}, the ledger says {one.ledger}"
    return f"{one.counter} for {one.order_id} is {one.ledger}, its lines ask for {one.order}"
