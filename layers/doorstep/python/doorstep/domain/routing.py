"""How sourcing explains itself: a verdict on every location, what each would have cost, and what
the decision was made from.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from doorstep.domain.record import Record


class Verdict(StrEnum):
    """Why a location was, or was not, chosen."""

    CHOSEN = "chosen"
    COSTLIER = "costlier"
    """It could, but what was chosen costs less."""
    INCOMPLETE = "incomplete"
    """The order would not be complete, and nothing is to go before it is."""
    INACTIVE = "inactive"
    KIND = "kind"
    """The rules do not let this kind of location ship."""
    FILTERED = "filtered"
    """A filter of the rules keeps it from shipping these goods."""
    TOO_FAR = "too_far"
    EXCLUDED = "excluded"
    """It has failed to ship these lines before."""
    UNABLE = "unable"
    """It does not make to order, or lacks another capability that the goods require."""
    OUT_OF_STOCK = "out_of_stock"
    FULL = "full"
    """It has no capacity left."""


class Costs(Record):
    """What shipping from a location costs, term by term."""

    parcel: int
    """By distance."""
    weight: int
    """By distance and weight."""
    border: int
    handling: int
    late: int
    markdown: int
    """What goods lose that stay where they sell worst, because these were taken instead."""
    charges: int = 0
    """What the rules charge besides."""

    @property
    def total(self) -> int:
        carriage = self.parcel + self.weight + self.border + self.handling
        return carriage + self.late + self.markdown + self.charges


class Candidate(Record):
    """One location as it was judged for one order."""

    location_id: str
    verdict: Verdict
    km: int | None
    fills: int
    """Units that it could ship."""
    ships: int = 0
    costs: Costs | None = None
    """Of the units that it ships; of those that it could, where it was not chosen."""
    rules: tuple[str, ...] = ()
    """The filters that keep it from shipping, or the charges that make it dearer, by name."""


class Seen(Record):
    """What a decision was made from, so that it can be made again with other rules."""

    wanted: dict[str, int]
    """line id → units to be shipped."""
    excluded: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """line id → locations that had failed to ship it."""
    short: int = 0
    """Units that no stock held."""
    stock: dict[str, dict[str, int]] = Field(default_factory=dict)
    """SKU → location id → available units, without the zeros."""
    late: dict[str, int] = Field(default_factory=dict)
    """location id → days by which it would have missed the promised handover."""
    room: dict[str, int] = Field(default_factory=dict)
    """location id → units that it could still ship."""
    whole: bool = True
    """False where there was more `stock` than is kept; then there is none of it."""

    def at_most(self, size: int) -> Seen:
        """The same, without stock where it would be more bytes than these."""
        if len(self.model_dump_json().encode()) <= size:
            return self
        return self.model_copy(update={"stock": {}, "whole": False})
