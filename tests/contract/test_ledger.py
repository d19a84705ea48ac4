"""The contract of Ledger: what moved is looked at, and can be set right."""

import pytest

from doorstep.adapters import aws
from doorstep.adapters.dynamo import keys
from doorstep.adapters.dynamo.ledger import DynamoLedger
from doorstep.domain.errors import Conflict
from doorstep.domain.ledger import drift
from doorstep.domain.stock import Movement, MovementKind
from doorstep.ports import Ledger
from tests import builders as a
from tests.contract.fakes_orders import FakeLedger, FakeStock
from tests.contract.world import World


@pytest.fixture
def ledger(world: World) -> Ledger:
    if isinstance(world.stock, FakeStock):
        return FakeLedger(world.stock.memory)
    return DynamoLedger(aws.client("dynamodb"), "doorstep", world.clock)


def steal(world: World, sku: str, units: int) -> None:
    """Change a level behind the ledger's back."""
    if isinstance(world.stock, FakeStock):
        places = world.stock.memory.places
        level = places[sku, "BERLIN"]
        places[sku, "BERLIN"] = level.model_copy(update={"on_hand": level.on_hand - units})
        return
    key = keys.location_level(sku, "BERLIN")
    aws.client("dynamodb").update_item(
        TableName="doorstep",
        Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}},
        UpdateExpression="ADD on_hand :units",
        ExpressionAttributeValues={":units": {"N": str(-units)}},
    )


def listed(world: World, ledger: Ledger) -> list[str]:
    world.clock.advance(seconds=2)
    return list(ledger.moved(world.clock(), 10))


def test_what_moved_is_listed_until_it_is_checked(world: World, ledger: Ledger) -> None:
    world.stock.move(a.received("MUG", "BERLIN", 5), a.received("MUG", "HAMBURG", 5))
    world.clock.advance(seconds=1)
    world.stock.move(a.received("CUP", "BERLIN", 5))
    world.stock.move(a.received("MUG", "BERLIN", 1))
    assert listed(world, ledger) == ["MUG", "CUP"]
    ledger.checked(ledger.levels("MUG"))
    assert listed(world, ledger) == ["CUP"]
    world.stock.move(a.received("MUG", "BERLIN", 2))
    assert listed(world, ledger) == ["CUP", "MUG"]


def test_what_moves_while_it_is_checked_stays_on_the_list(world: World, ledger: Ledger) -> None:
    world.stock.move(a.received("MUG", "BERLIN", 5))
    seen = ledger.levels("MUG")
    world.stock.move(a.received("MUG", "BERLIN", 1))
    ledger.checked(seen)
    assert listed(world, ledger) == ["MUG"]


def test_the_movements_of_all_places_are_read(world: World, ledger: Ledger) -> None:
    world.stock.move(a.received("MUG", "BERLIN", 5), a.received("MUG", "HAMBURG", 2))
    world.stock.move(Movement(kind=MovementKind.HELD, sku="MUG", quantity=1, cause="O-A-1"))
    rows = ledger.rows(ledger.levels("MUG"))
    assert sorted((row.kind.value, row.location_id or "", row.quantity) for row in rows) == [
        ("held", "", 1),
        ("received", "BERLIN", 5),
        ("received", "HAMBURG", 2),
    ]
    assert drift(ledger.levels("MUG"), rows) == []


def test_a_level_is_set_to_what_the_ledger_says(world: World, ledger: Ledger) -> None:
    world.stock.move(a.received("MUG", "BERLIN", 5))
    steal(world, "MUG", 2)
    levels = ledger.levels("MUG")
    found = drift(levels, ledger.rows(levels))
    assert [(one.location_id, one.counter, one.level, one.ledger) for one in found] == [
        ("BERLIN", "on_hand", 3, 5)
    ]
    world.stock.move(a.received("MUG", "BERLIN", 1))
    with pytest.raises(Conflict):
        ledger.correct(levels, found, "ann")
    ledger.correct(ledger.levels("MUG"), found, "ann")
    levels = ledger.levels("MUG")
    assert drift(levels, ledger.rows(levels)) == []
