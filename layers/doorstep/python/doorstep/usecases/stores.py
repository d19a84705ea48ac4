"""Where a customer collects: the store they name, or the nearest."""

from __future__ import annotations

from collections.abc import Sequence

from doorstep.domain.address import Address
from doorstep.domain.catalog import DeliveryKind, DeliveryOption, Location
from doorstep.domain.fulfillment import Pickup
from doorstep.domain.geography import distance_km


def named(location_id: str, places: Sequence[Location]) -> Location | None:
    """The place of this name, if customers may collect there."""
    found = (one for one in places if one.location_id == location_id and one.hands_over)
    return next(found, None)


def nearest(places: Sequence[Location], to: Address) -> Location | None:
    """The place nearest to the customer where they may collect; the preferred one of equals."""

    def rank(one: Location) -> tuple[bool, int, int, str]:
        km = distance_km(one, to)
        return km is None, km or 0, one.priority, one.location_id

    return min((one for one in places if one.hands_over), key=rank, default=None)


def faults(
    location_id: str, *, option: DeliveryOption | None, addressed: bool, places: Sequence[Location]
) -> dict[str, str]:
    """What is wrong with where an order is to be collected, or delivered, by its path."""
    if option is None or option.kind is not DeliveryKind.PICKUP:
        found = {"pickup_location_id": "only a pickup has one"} if location_id else {}
        return found if addressed else found | {"shipping_address": "say where to deliver"}
    if addressed:
        return {"shipping_address": "it is collected: leave this out"}
    if named(location_id, places) is None:
        able = ", ".join(one.location_id for one in places if one.hands_over) or "none"
        return {"pickup_location_id": f"nobody can collect at {location_id!r}; possible: {able}"}
    return {}


def destination(store: Location, name: str) -> Address:
    """The address of a store, for a customer of this name."""
    return store.address.model_copy(update={"name": name, "company": store.name})


def pickup(store: Location) -> Pickup:
    """Where it is collected, and by which terms it is kept."""
    return Pickup(
        location_id=store.location_id,
        remind_days=store.terms.remind_days,
        keep_days=store.terms.keep_days,
        uncollected=store.terms.uncollected,
    )
