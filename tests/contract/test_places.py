"""The contract of Places: a location as it is now, what lies there, and the mark of its switch."""

from datetime import timedelta

import pytest

from doorstep.domain.errors import NotFound
from tests import builders as a
from tests.contract.world import World


def test_a_location_as_it_is_now(world: World) -> None:
    with pytest.raises(NotFound):
        world.places.get("BERLIN")
    world.catalog.save(a.location("BERLIN"))
    assert world.catalog.locations()
    world.catalog.save(a.location("BERLIN", priority=1))
    assert world.places.get("BERLIN").priority == 1


def test_what_lies_there_page_by_page(world: World) -> None:
    for number in range(130):
        world.stock.move(a.received(f"SKU-{number:03}", "BERLIN", 1))
    world.stock.move(a.received("SKU-001", "HAMBURG", 1), a.received("SKU-001", "BERLIN", 2))
    first, after = world.places.skus("BERLIN", None)
    second, end = world.places.skus("BERLIN", after)
    assert (len(first), len(second), end) == (100, 30, None)
    assert len({*first, *second}) == 130
    assert world.places.skus("HAMBURG", None) == (["SKU-001"], None)
    assert world.places.skus("ROME", None) == ([], None)


def test_a_switch_waits_until_it_is_settled_and_a_later_one_stays(world: World) -> None:
    world.catalog.save(a.location("HAMBURG"))
    off = a.location("BERLIN", active=False, switched_at=a.NOW)
    world.catalog.save(off)
    later = a.NOW + timedelta(days=1)
    assert list(world.queues.due("switched", later, 10)) == ["BERLIN"]
    on = off.model_copy(update={"active": True, "switched_at": a.NOW + timedelta(minutes=1)})
    world.catalog.save(on)
    world.places.settled(off)
    assert list(world.queues.due("switched", later, 10)) == ["BERLIN"]
    world.places.settled(on)
    assert list(world.queues.due("switched", later, 10)) == []
    assert world.places.get("BERLIN") == on
