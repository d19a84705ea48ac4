"""The contract of Stock: levels that never fall below zero, and a ledger that explains them."""

import pytest

from doorstep.adapters import aws
from doorstep.adapters.dynamo import keys
from doorstep.domain.errors import Conflict, IdempotencyKeyReused, NotFound, OutOfStock, Stale
from doorstep.domain.order import Order
from doorstep.domain.papers import CountLine, CycleCount, Transfer, TransferLine
from doorstep.domain.stock import (
    Heard,
    LocationLevel,
    Movement,
    MovementKind,
    NetworkLevel,
    NewsKind,
    Once,
    Seen,
)
from doorstep.domain.stock_file import StockFile
from tests import builders as a
from tests.contract.fakes_orders import FakeStock
from tests.contract.world import World


def held(sku: str, quantity: int, cause: str, shard: int = 0) -> Movement:
    return Movement(kind=MovementKind.HELD, sku=sku, quantity=quantity, cause=cause, shard=shard)


def granted(sku: str, quantity: int, cause: str = "terms") -> Movement:
    """Room for units beyond the stock."""
    return Movement(kind=MovementKind.ROOM_GRANTED, sku=sku, quantity=quantity, cause=cause)


def causes(world: World, sku: str, location_id: str | None) -> dict[str, dict[str, int]]:
    """kind → cause → units, as the ledger has it."""
    found: dict[str, dict[str, int]] = {}
    if isinstance(world.stock, FakeStock):
        for (of, place, kind, _), row in world.stock.memory.ledger.items():
            if (of, place) == (sku, location_id):
                found.setdefault(kind, {}).update({m.cause: m.quantity for m in row})
        return found
    rows = aws.client("dynamodb").query(
        TableName="doorstep",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": keys.ledger(sku, location_id)}},
    )["Items"]
    for row in rows:
        units = {cause: int(quantity["N"]) for cause, quantity in row["causes"]["M"].items()}
        assert sum(units.values()) == int(row["quantity"]["N"])
        found.setdefault(row["kind"]["S"], {}).update(units)
    return found


def test_received_goods_can_be_sold_and_shipped(world: World) -> None:
    world.stock.move(a.received("MUG", "BERLIN", 5), a.received("MUG", "HAMBURG", 2))
    levels = world.stock.levels(["MUG"])["MUG"]
    assert (levels.available, levels.held) == (7, 0)
    assert [(x.location_id, x.on_hand, x.available) for x in levels.locations] == [
        ("BERLIN", 5, 5),
        ("HAMBURG", 2, 2),
    ]


def test_a_sku_that_nobody_moved_has_no_levels(world: World) -> None:
    levels = world.stock.levels(["MUG"])["MUG"]
    assert (levels.available, levels.network, levels.locations) == (0, (), ())


def test_the_levels_of_a_whole_cart(world: World) -> None:
    skus = [f"SKU-{number}" for number in range(20)]
    for units, sku in enumerate(skus, start=1):
        world.stock.move(a.received(sku, "BERLIN", units))
    found = world.stock.levels([*skus, skus[0]])
    assert [found[sku].available for sku in skus] == list(range(1, 21))


def test_the_same_cause_moves_stock_once(world: World) -> None:
    for _ in range(2):
        world.stock.move(a.received("MUG", "BERLIN", 5, cause="receipt-1"))
    assert world.stock.levels(["MUG"])["MUG"].available == 5


def test_several_movements_are_done_together_or_not_at_all(world: World) -> None:
    world.stock.move(a.received("MUG", "BERLIN", 5))
    with pytest.raises(OutOfStock) as refusal:
        world.stock.move(held("MUG", 2, "x"), held("CUP", 1, "x"))
    assert refusal.value.short == {"CUP": (1, 0)}
    assert world.stock.levels(["MUG"])["MUG"].available == 5


def test_every_movement_is_in_the_ledger_with_its_cause(world: World) -> None:
    world.stock.move(a.received("MUG", "BERLIN", 5, cause="receipt-1"))
    world.stock.move(held("MUG", 1, "O-A-1"), held("MUG", 2, "O-B-1"))
    assert causes(world, "MUG", "BERLIN") == {"received": {"receipt-1": 5}}
    assert causes(world, "MUG", None) == {"held": {"O-A-1": 1, "O-B-1": 2}}


def test_the_demand_of_several_orders_on_one_level_is_one_row(world: World) -> None:
    """A flash sale on one SKU costs one write per batch, not one per order."""
    world.stock.move(a.received("MUG", "BERLIN", 9))
    orders: list[Order] = [
        a.being_checked_out(f"O-{n}", a.line("1", "MUG", 2)) for n in ("A", "B", "C")
    ]
    world.orders.commit(*orders)
    assert causes(world, "MUG", None) == {"held": {"O-A-1": 2, "O-B-1": 2, "O-C-1": 2}}
    if isinstance(world.stock, FakeStock):
        assert len(world.stock.memory.ledger) == 2


def test_a_movement_that_another_one_undoes_is_still_in_the_ledger(world: World) -> None:
    world.stock.move(a.received("MUG", "BERLIN", 1))
    free = Movement(kind=MovementKind.RELEASED, sku="MUG", quantity=1, cause="O-A-back")
    world.stock.move(held("MUG", 1, "O-A-1"), free)
    levels = world.stock.levels(["MUG"])["MUG"]
    assert (levels.available, levels.held) == (1, 0)
    assert causes(world, "MUG", None) == {"held": {"O-A-1": 1}, "released": {"O-A-back": 1}}


def test_a_hot_sku_is_spread_over_shards(world: World) -> None:
    for shard in range(3):
        goods = a.received("MUG", "BERLIN", 2, cause=f"receipt-{shard}")
        world.stock.move(goods.model_copy(update={"shard": shard}))
    world.stock.move(held("MUG", 2, "O-A-1", shard=1))
    levels = world.stock.levels(["MUG"])["MUG"]
    assert [(level.shard, level.available, level.held) for level in levels.network] == [
        (0, 2, 0),
        (1, 0, 2),
        (2, 2, 0),
    ]
    with pytest.raises(OutOfStock):
        world.stock.move(held("MUG", 1, "O-B-1", shard=1))


@pytest.mark.parametrize("kind", ["allocated", "deallocated", "missed", "shipped", "released"])
def test_no_counter_falls_below_zero(world: World, kind: str) -> None:
    """What is not held cannot be allocated, and what is not allocated cannot leave."""
    world.stock.move(a.received("MUG", "BERLIN", 8))
    before = world.stock.levels(["MUG"])
    with pytest.raises(OutOfStock):
        world.stock.move(
            Movement(
                kind=MovementKind(kind), sku="MUG", quantity=3, location_id="BERLIN", cause="x"
            )
        )
    assert world.stock.levels(["MUG"]) == before


def test_a_command_that_was_carried_out_is_left_at_that(world: World) -> None:
    goods = a.received("MUG", "BERLIN", 5, cause="x")
    world.stock.move(goods, guards=[Once(name="BERLIN#x", fingerprint="1")])
    lost = Movement(
        kind=MovementKind.ADJUSTED_DOWN,
        sku="MUG",
        quantity=9,
        location_id="BERLIN",
        cause="y",
        reason="lost",
    )
    world.stock.move(lost, guards=[Once(name="BERLIN#x", fingerprint="1")])
    with pytest.raises(IdempotencyKeyReused):
        world.stock.move(lost, guards=[Once(name="BERLIN#x", fingerprint="2")])
    assert world.stock.levels(["MUG"])["MUG"].available == 5


def test_a_refused_command_may_be_given_again(world: World) -> None:
    once = Once(name="BERLIN#x", fingerprint="1")
    with pytest.raises(OutOfStock):
        world.stock.move(held("MUG", 1, "x"), guards=[once])
    world.stock.move(a.received("MUG", "BERLIN", 5))
    world.stock.move(held("MUG", 1, "x"), guards=[once])
    assert world.stock.levels(["MUG"])["MUG"].held == 1


def test_what_was_seen_must_still_be_so(world: World) -> None:
    nothing = LocationLevel(sku="MUG", location_id="BERLIN")
    goods = a.received("MUG", "BERLIN", 5, cause="x")
    world.stock.move(goods, guards=[Seen(level=nothing)])
    with pytest.raises(Conflict):
        world.stock.move(held("MUG", 1, "x"), guards=[Seen(level=nothing)])
    (now,) = world.stock.levels(["MUG"])["MUG"].locations
    world.stock.move(held("MUG", 1, "x"), guards=[Seen(level=now)])
    world.stock.move(guards=[Seen(level=now)])
    assert world.stock.levels(["MUG"])["MUG"].held == 1


def heard(sequence: int, kind: str) -> Heard:
    return Heard(
        source="wms",
        location_id="BERLIN",
        sku="MUG",
        sequence=sequence,
        kind=NewsKind(kind),
    )


def test_a_source_is_heard_in_the_order_of_its_sequence(world: World) -> None:
    world.stock.move(guards=[heard(2, "count")])
    for late in (heard(1, "count"), heard(2, "count"), heard(1, "change"), heard(1, "late_change")):
        with pytest.raises(Stale):
            world.stock.move(a.received("MUG", "BERLIN", 5), guards=[late])
    world.stock.move(guards=[heard(5, "change")])
    world.stock.move(a.received("MUG", "BERLIN", 5), guards=[heard(4, "late_change")])
    with pytest.raises(Stale):
        world.stock.move(guards=[heard(4, "count")])
    assert world.stock.levels(["MUG"])["MUG"].available == 5


def test_it_is_said_whether_this_call_moved_it(world: World) -> None:
    goods = a.received("MUG", "BERLIN", 5, cause="x")
    assert [world.stock.move(goods), world.stock.move(goods)] == [True, False]


def test_a_paper_is_stored_with_the_goods_it_is_about(world: World) -> None:
    paper = Transfer(
        transfer_id="T1",
        origin="BERLIN",
        destination="HAMBURG",
        lines=(TransferLine(sku="MUG", shipped=1),),
        shipped_at=world.clock(),
    )
    with pytest.raises(NotFound):
        world.stock.transfer("T1")
    with pytest.raises(OutOfStock):
        world.stock.move(held("MUG", 1, "T1"), paper=paper)
    with pytest.raises(NotFound):
        world.stock.transfer("T1")
    world.stock.move(a.received("MUG", "BERLIN", 5), paper=paper)
    assert world.stock.transfer("T1") == paper
    with pytest.raises(Conflict):
        world.stock.move(held("MUG", 1, "T1"), paper=paper)
    received = paper.receive({"MUG": 1}, at=world.clock())
    world.stock.move(paper=received)
    with pytest.raises(Conflict):
        world.stock.move(paper=received)
    assert world.stock.transfer("T1") == received


def test_a_count_is_known_by_its_location(world: World) -> None:
    count = CycleCount(
        count_id="C1",
        location_id="BERLIN",
        lines=(CountLine(sku="MUG"),),
        opened_at=world.clock(),
        opened_by="Bea",
    )
    world.stock.move(paper=count)
    assert world.stock.cycle_count("BERLIN", "C1") == count
    with pytest.raises(NotFound):
        world.stock.cycle_count("HAMBURG", "C1")


def test_room_is_sold_like_stock_and_no_shelf_has_it(world: World) -> None:
    world.stock.move(granted("MUG", 3), a.received("MUG", "BERLIN", 1))
    world.stock.move(held("MUG", 4, "O-A-1"))
    levels = world.stock.levels(["MUG"])["MUG"]
    assert (levels.available, levels.held, levels.room, levels.free) == (0, 4, 3, -3)
    with pytest.raises(OutOfStock):
        world.stock.move(granted("MUG", 1).model_copy(update={"kind": MovementKind.ROOM_REVOKED}))


def test_a_hold_that_must_leave_units_is_refused_where_it_would_not(world: World) -> None:
    world.stock.move(granted("MUG", 3), a.received("MUG", "BERLIN", 1))
    from_shelf = held("MUG", 1, "O-A-1").model_copy(update={"leaving": 3})
    world.stock.move(from_shelf)
    with pytest.raises(OutOfStock):
        world.stock.move(from_shelf.model_copy(update={"cause": "O-B-1"}))
    world.stock.move(held("MUG", 1, "O-C-1"))
    assert world.stock.levels(["MUG"])["MUG"].available == 2


def test_room_that_was_seen_must_still_be_so(world: World) -> None:
    seen = Seen(level=NetworkLevel(sku="MUG"))
    world.stock.move(granted("MUG", 3), guards=[seen])
    with pytest.raises(Conflict):
        world.stock.move(granted("MUG", 2, cause="again"), guards=[seen])
    assert world.stock.levels(["MUG"])["MUG"].room == 3


def test_a_file_is_known_by_its_location_source_and_sequence(world: World) -> None:
    file = StockFile(location_id="BERLIN", source="erp", sequence=7, asked_at=world.clock())
    world.stock.move(paper=file)
    assert world.stock.stock_file("BERLIN", "erp", 7) == file
    with pytest.raises(NotFound):
        world.stock.stock_file("BERLIN", "erp", 8)
    world.stock.move(paper=file.read({"applied": 2}, part=False, digest="d"))
    with pytest.raises(Conflict):
        world.stock.move(paper=file.read({"applied": 2}, part=False, digest="d"))
    assert world.stock.stock_file("BERLIN", "erp", 7).lines == 2
