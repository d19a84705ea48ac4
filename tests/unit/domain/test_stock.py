"""Movements: what each kind does to the counters."""

import pytest

from doorstep.domain.stock import EFFECTS, LocationLevel, Movement, MovementKind, NetworkLevel

SHIFTED = (MovementKind.SHIFTED_OUT, MovementKind.SHIFTED_IN)


def test_what_leaves_a_shard_comes_to_another() -> None:
    (out, nothing), (in_, _) = (EFFECTS[kind] for kind in SHIFTED)
    assert {name: -units for name, units in out.items()} == in_
    assert not nothing


@pytest.mark.parametrize("kind", [kind for kind in MovementKind if kind not in SHIFTED])
def test_every_movement_keeps_the_books_in_balance(kind: MovementKind) -> None:
    """Invariant 1, and what is on hand is the sum of its parts."""
    network, location = EFFECTS[kind]
    sellable = location.get("available", 0)
    sold = network.get("available", 0) + network.get("held", 0)
    assert sold == sellable + network.get("room", 0)
    parts = ("available", "allocated", "safety", "unsellable")
    assert location.get("on_hand", 0) == sum(location.get(name, 0) for name in parts)
    unsellable = ("damaged", "quality_control", "missing", "suspended")
    assert location.get("unsellable", 0) == sum(location.get(name, 0) for name in unsellable)


@pytest.mark.parametrize("kind", MovementKind)
def test_a_movement_changes_what_its_kind_says(kind: MovementKind) -> None:
    movement = Movement(kind=kind, sku="MUG", quantity=3, cause="x", location_id="BERLIN")
    network, location = EFFECTS[kind]
    there = LocationLevel(sku="MUG", location_id="BERLIN").after(movement)
    anywhere = NetworkLevel(sku="MUG").after(movement)
    for level, effect in ((anywhere, network), (there, location)):
        changed = {k: v for k, v in level.model_dump().items() if isinstance(v, int) and v}
        assert changed == {name: 3 * sign for name, sign in effect.items()}
