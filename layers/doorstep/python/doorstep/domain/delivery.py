"""What a delivery option is made of, besides its price: where carriers take how long to."""

from __future__ import annotations

from pydantic import Field

from doorstep.domain.address import CountryCode
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
