"""Where places are."""

from __future__ import annotations

from doorstep.domain.address import Address
from doorstep.domain.errors import NotFound
from doorstep.ports import Catalog


def address_of(location_id: str, catalog: Catalog) -> Address:
    """The address of a location; raises NotFound."""
    for location in catalog.locations():
        if location.location_id == location_id:
            return location.address
    raise NotFound("location", location_id)
