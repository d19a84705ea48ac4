"""How long a carrier takes from a place to a destination, by the table of the delivery option."""

from __future__ import annotations

from doorstep.domain.address import Address
from doorstep.domain.catalog import DeliveryOption, Location
from doorstep.domain.geography import distance_km


def days_to_reach(option: DeliveryOption, place: Location, to: Address | None) -> int | None:
    """Days by the first row that covers the destination; None where none does. Without a table it
    is as long to everywhere.
    """
    if not option.transit:
        return option.transit_days
    country = to.country if to else None
    region = to.region if to else ""
    km = distance_km(place, to)
    rows = (row for row in option.transit if row.covers(country, region, km))
    return next((row.days for row in rows), None)
