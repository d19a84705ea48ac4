"""Stock: movements that never change, and the levels they add up to.

A level is kept for the network (what may still be sold anywhere) and for every location. Checkout
holds from the network before money is touched; allocation turns what is held into units of one
location.

    network level    available + held; room: so many of them no shelf has to have;
                     owed: held units that wait for goods
    location level   on_hand = available + allocated + safety + unsellable
                     unsellable = damaged + quality_control + missing + suspended

Invariant 1: network available + held = Σ locations (on_hand − allocated − safety − unsellable)
                                        + room (what may be sold beyond the stock, sold or not).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Self, TypeVar

from pydantic import Field

from doorstep.domain.catalog import Sku
from doorstep.domain.record import Record

Level = TypeVar("Level", bound=Record)


class MovementKind(StrEnum):
    RECEIVED = "received"
    HELD = "held"
    RELEASED = "released"
    ALLOCATED = "allocated"
    DEALLOCATED = "deallocated"
    MISSED = "missed"
    SPOILED = "spoiled"
    """Allocated, and ruined in the making: gone for good."""
    SHIPPED = "shipped"
    RETURNED = "returned"
    RETURNED_DAMAGED = "returned_damaged"
    ADJUSTED_UP = "adjusted_up"
    ADJUSTED_DOWN = "adjusted_down"
    PROTECTED = "protected"
    UNPROTECTED = "unprotected"
    DAMAGED = "damaged"
    QUARANTINED = "quarantined"
    PASSED = "passed"
    FAILED = "failed"
    REPAIRED = "repaired"
    SCRAPPED = "scrapped"
    FOUND = "found"
    WRITTEN_OFF = "written_off"
    SUSPENDED = "suspended"
    STRANDED = "stranded"
    REINSTATED = "reinstated"
    """Out of reach, available or allocated, while their location is switched off; and back."""
    TRANSFERRED = "transferred"
    ANNOUNCED = "announced"
    ARRIVED = "arrived"
    LOST_IN_TRANSIT = "lost_in_transit"
    SHIFTED_OUT = "shifted_out"
    SHIFTED_IN = "shifted_in"
    """From one shard of the network level to another: always together."""
    ROOM_GRANTED = "room_granted"
    """So many more may be sold than there are: a cap of backorders or preorders."""
    ROOM_REVOKED = "room_revoked"
    BACKORDERED = "backordered"
    BACKORDER_CANCELED = "backorder_canceled"
    """Held, and released, without a unit on a shelf: owed until goods have come."""
    OWED = "owed"
    """Held units that turned out to be on no shelf."""
    FILLED = "filled"
    """Allocated from goods that an order was owed."""
    CORRECTED = "corrected"
    """A level was set to what the ledger says: no units moved."""


#: What one unit of each kind adds to the counters of (network level, location level).
EFFECTS: Mapping[MovementKind, tuple[Mapping[str, int], Mapping[str, int]]] = {
    MovementKind.RECEIVED: ({"available": 1}, {"on_hand": 1, "available": 1}),
    MovementKind.HELD: ({"available": -1, "held": 1}, {}),
    MovementKind.RELEASED: ({"available": 1, "held": -1}, {}),
    MovementKind.ALLOCATED: ({"held": -1}, {"available": -1, "allocated": 1}),
    MovementKind.DEALLOCATED: ({"held": 1}, {"available": 1, "allocated": -1}),
    MovementKind.MISSED: ({}, {"allocated": -1, "unsellable": 1, "missing": 1}),
    MovementKind.SPOILED: ({}, {"on_hand": -1, "allocated": -1}),
    MovementKind.SHIPPED: ({}, {"on_hand": -1, "allocated": -1}),
    MovementKind.RETURNED: ({"available": 1}, {"on_hand": 1, "available": 1}),
    MovementKind.RETURNED_DAMAGED: ({}, {"on_hand": 1, "unsellable": 1, "damaged": 1}),
    MovementKind.ADJUSTED_UP: ({"available": 1}, {"on_hand": 1, "available": 1}),
    MovementKind.ADJUSTED_DOWN: ({"available": -1}, {"on_hand": -1, "available": -1}),
    MovementKind.PROTECTED: ({"available": -1}, {"available": -1, "safety": 1}),
    MovementKind.UNPROTECTED: ({"available": 1}, {"available": 1, "safety": -1}),
    MovementKind.DAMAGED: ({"available": -1}, {"available": -1, "unsellable": 1, "damaged": 1}),
    MovementKind.QUARANTINED: (
        {"available": -1},
        {"available": -1, "unsellable": 1, "quality_control": 1},
    ),
    MovementKind.PASSED: (
        {"available": 1},
        {"available": 1, "unsellable": -1, "quality_control": -1},
    ),
    MovementKind.FAILED: ({}, {"quality_control": -1, "damaged": 1}),
    MovementKind.REPAIRED: ({"available": 1}, {"available": 1, "unsellable": -1, "damaged": -1}),
    MovementKind.SCRAPPED: ({}, {"on_hand": -1, "unsellable": -1, "damaged": -1}),
    MovementKind.FOUND: ({"available": 1}, {"available": 1, "unsellable": -1, "missing": -1}),
    MovementKind.WRITTEN_OFF: ({}, {"on_hand": -1, "unsellable": -1, "missing": -1}),
    MovementKind.SUSPENDED: (
        {"available": -1},
        {"available": -1, "unsellable": 1, "suspended": 1},
    ),
    MovementKind.STRANDED: ({}, {"allocated": -1, "unsellable": 1, "suspended": 1}),
    MovementKind.REINSTATED: (
        {"available": 1},
        {"available": 1, "unsellable": -1, "suspended": -1},
    ),
    MovementKind.TRANSFERRED: ({"available": -1}, {"on_hand": -1, "available": -1}),
    MovementKind.ANNOUNCED: ({}, {"in_transit": 1}),
    MovementKind.ARRIVED: ({"available": 1}, {"on_hand": 1, "available": 1, "in_transit": -1}),
    MovementKind.LOST_IN_TRANSIT: ({}, {"in_transit": -1}),
    MovementKind.SHIFTED_OUT: ({"available": -1}, {}),
    MovementKind.SHIFTED_IN: ({"available": 1}, {}),
    MovementKind.ROOM_GRANTED: ({"available": 1, "room": 1}, {}),
    MovementKind.ROOM_REVOKED: ({"available": -1, "room": -1}, {}),
    MovementKind.BACKORDERED: ({"available": -1, "held": 1, "owed": 1}, {}),
    MovementKind.BACKORDER_CANCELED: ({"available": 1, "held": -1, "owed": -1}, {}),
    MovementKind.OWED: ({"owed": 1}, {}),
    MovementKind.FILLED: ({"held": -1, "owed": -1}, {"available": -1, "allocated": 1}),
    MovementKind.CORRECTED: ({}, {}),
}


FREEING = tuple(
    kind
    for kind, effects in EFFECTS.items()
    if kind is not MovementKind.SHIFTED_IN and any(one.get("available", 0) > 0 for one in effects)
)
"""After these somebody who waits may find something."""


class Movement(Record):
    """Units of one SKU changing place or state, once.

    `cause` is the business id that makes it unique.
    """

    kind: MovementKind
    sku: Sku
    quantity: int = Field(gt=0)
    cause: str
    location_id: str | None = None
    shard: int = 0
    """The network shard that it touches."""
    leaving: int = Field(default=0, ge=0)
    """It is refused where it would leave fewer units than these available in its shard."""
    reason: str = ""
    """Why a person, or another system, says so; empty for what explains itself."""
    by: str = ""


class NetworkLevel(Record):
    """What may still be sold anywhere, in one shard."""

    sku: Sku
    shard: int = 0
    available: int = 0
    held: int = 0
    room: int = 0
    """How many of these units, available or held, no shelf has to have."""
    owed: int = 0
    """How many of the held units wait for goods, the oldest order first."""

    def after(self, movement: Movement) -> Self:
        return _moved(self, EFFECTS[movement.kind][0], movement.quantity)


class LocationLevel(Record):
    """What one location has of a SKU."""

    sku: Sku
    location_id: str
    on_hand: int = 0
    available: int = 0
    allocated: int = 0
    safety: int = 0
    unsellable: int = 0
    """On hand, but not to be sold: the sum of the four that follow."""
    damaged: int = 0
    quality_control: int = 0
    missing: int = 0
    """On the books, but not found when it was to be packed."""
    suspended: int = 0
    """Out of reach: the location is switched off."""
    in_transit: int = 0
    """On its way here from another location; not on hand anywhere."""

    def after(self, movement: Movement) -> Self:
        return _moved(self, EFFECTS[movement.kind][1], movement.quantity)


class StockLevels(Record):
    """All levels of one SKU."""

    sku: Sku
    network: tuple[NetworkLevel, ...] = ()
    locations: tuple[LocationLevel, ...] = ()

    @property
    def available(self) -> int:
        return sum(level.available for level in self.network)

    @property
    def held(self) -> int:
        return sum(level.held for level in self.network)

    @property
    def room(self) -> int:
        return sum(level.room for level in self.network)

    @property
    def owed(self) -> int:
        return sum(level.owed for level in self.network)

    @property
    def on_shelves(self) -> int:
        """Units that locations have for whoever they are allocated to next."""
        return sum(level.available for level in self.locations)

    @property
    def free(self) -> int:
        """Units on shelves that nobody was promised; below zero, what was sold beyond them."""
        return self.available - self.room

    @property
    def unpromised(self) -> int:
        """How many units may be sold at once."""
        return max(0, min(self.free, self.available))

    @property
    def come(self) -> int:
        """Units on shelves for orders that are owed some: those that nobody was promised before."""
        return max(0, self.on_shelves - (self.held - self.owed))

    def leaving(self, shard: int, units: int) -> int:
        """How many must stay available in a shard, so that `units` stay in all of them."""
        others = sum(level.available for level in self.network if level.shard != shard)
        return max(0, units - others)

    def at(self, location_id: str) -> LocationLevel:
        """The level of one location; an empty one where it never had any."""
        for level in self.locations:
            if level.location_id == location_id:
                return level
        return LocationLevel(sku=self.sku, location_id=location_id)


class Once(Record):
    """A command that is carried out once, whatever is repeated.

    `fingerprint` tells a repeat from another command under the same name.
    """

    name: str
    fingerprint: str


class Seen(Record):
    """A level that a decision was made on: it must still be so when the decision is written.

    Of a location's level on hand and safety stock count, of the network's its room.
    """

    level: LocationLevel | NetworkLevel


class NewsKind(StrEnum):
    COUNT = "count"
    """So many are there: it must be the newest of its source."""
    CHANGE = "change"
    """So many more or less, and the newest of its source."""
    LATE_CHANGE = "late_change"
    """So many more or less: it still counts, unless its source has counted since."""


class Heard(Record):
    """How far a source has been heard about one SKU in one place."""

    source: str
    location_id: str
    sku: Sku
    sequence: int
    kind: NewsKind


Guard = Once | Seen | Heard
"""What must be so for movements to be written."""


def _moved(level: Level, effect: Mapping[str, int], quantity: int) -> Level:
    changes = {name: getattr(level, name) + sign * quantity for name, sign in effect.items()}
    return level.model_copy(update=changes)
