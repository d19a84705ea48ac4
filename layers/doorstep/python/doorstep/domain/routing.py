"""What sourcing goes by, and how it explains itself.

Amounts are whole minor units of the rules' currency. They are compared with each other and never
with what the customer pays, so no rate of exchange is needed for an order in another currency.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from doorstep.domain.catalog import LocationKind
from doorstep.domain.money import Currency
from doorstep.domain.record import Record

Cost = Annotated[int, Field(ge=0, le=10**9)]


class Zone(Record):
    """What a parcel costs up to a distance; the last zone has no end."""

    up_to_km: int | None = Field(default=None, ge=0)
    parcel: Cost
    per_kg: Cost


class SourcingRules(Record):
    """How a channel weighs its locations against each other."""

    version: int = Field(default=1, ge=1)
    channel: str = Field(default="", max_length=60)
    """Empty: every channel without rules of its own."""
    currency: Currency = "EUR"

    zones: tuple[Zone, ...] = Field(
        default=(
            Zone(up_to_km=50, parcel=390, per_kg=20),
            Zone(up_to_km=300, parcel=450, per_kg=30),
            Zone(up_to_km=1_000, parcel=590, per_kg=60),
            Zone(up_to_km=3_000, parcel=1_200, per_kg=150),
            Zone(parcel=2_500, per_kg=400),
        ),
        min_length=1,
        max_length=20,
    )
    border: Cost = 500
    """What a parcel to another country costs besides."""
    handling_parcel: Cost = 80
    handling_unit: Cost = 30
    split: Cost = 200
    """What every parcel after the first costs in trouble to the customer."""
    late_day: Cost = 500
    """What a day costs by which a location would miss the promised handover."""

    most_locations: int | None = Field(default=None, ge=1, le=100)
    most_km: int | None = Field(default=None, ge=0)
    """A location whose distance is not known is not refused for it."""
    kinds: tuple[LocationKind, ...] = tuple(LocationKind)
    whole_lines: bool = False
    """A line goes to one location, or waits."""
    complete: bool = False
    """Nothing goes anywhere until all of the order can."""

    def zone(self, km: int | None) -> Zone:
        """The zone of a distance; the dearest one where it is not known."""
        for zone in self.zones:
            if zone.up_to_km is not None and km is not None and km <= zone.up_to_km:
                return zone
        return self.zones[-1]


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

    @property
    def total(self) -> int:
        return self.parcel + self.weight + self.border + self.handling + self.late + self.markdown


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
