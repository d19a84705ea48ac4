"""What a delivery option is made of, besides its price: where carriers take how long to, and the
windows of couriers.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from doorstep.domain.address import CountryCode
from doorstep.domain.calendar import LocalTime
from doorstep.domain.record import Record


class Transit(Record):
    """Days to some destinations. All that is given must hold; nothing given is everywhere."""

    countries: tuple[CountryCode, ...] = Field(default=(), max_length=250)
    regions: tuple[str, ...] = Field(default=(), max_length=100)
    """By ISO 3166-2, without their country."""
    up_to_km: int | None = Field(default=None, ge=1, le=20_000)
    """From the place that ships, as the crow flies."""
    days: int = Field(ge=0, le=120)
    """Days on which the carrier moves."""

    def covers(self, country: str | None, region: str, km: float | None) -> bool:
        """Whether a destination is one of these; one so far away that nobody knows it is not."""
        if self.countries and country not in self.countries:
            return False
        if self.regions and region.upper().removeprefix(f"{country}-") not in self.regions:
            return False
        return self.up_to_km is None or (km is not None and km <= self.up_to_km)


class Window(Record):
    """Hours of a day in which a courier brings what is ordered in time, by the clock of the place
    that it comes from.
    """

    starts: LocalTime
    ends: LocalTime
    order_by: LocalTime
    """Until when it can be had."""
    parcels: int = Field(ge=1, le=10_000)
    """What its couriers take from one place."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.order_by <= self.starts < self.ends:
            raise ValueError("a window is ordered by its start at the latest, and ends after it")
        return self
