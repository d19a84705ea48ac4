"""Transfers: out of one location, in at the other, and what is lost on the way."""

from typing import Any

import pytest

from doorstep.domain.errors import (
    IdempotencyKeyReused,
    IllegalTransition,
    InvalidCommand,
    NotFound,
    QuantityExceeded,
)
from doorstep.domain.papers import Transfer
from doorstep.usecases import transfers
from tests import builders as a
from tests.shop import Shop


def ship(shop: Shop, *goods: tuple[str, int], **more: Any) -> Transfer:
    command = transfers.ShipTransfer.model_validate(
        {
            "transfer_id": "T1",
            "from": "BERLIN",
            "to": "HAMBURG",
            "goods": [{"sku": sku, "quantity": quantity} for sku, quantity in goods],
        }
        | more
    )
    return transfers.ship_transfer(
        command, catalog=shop.catalog, stock=shop.stock, clock=shop.clock
    )


def receive(shop: Shop, **counts: int) -> Transfer:
    command = transfers.ReceiveTransfer(received=counts)
    return transfers.receive_transfer(
        "T1", command, catalog=shop.catalog, stock=shop.stock, clock=shop.clock
    )


@pytest.fixture
def shop(shop: Shop) -> Shop:
    shop.sells("MUG", BERLIN=5)
    shop.catalog.save(a.location("HAMBURG", a.HAMBURG))
    return shop


def test_goods_on_their_way_are_nobodys_to_sell(shop: Shop) -> None:
    ship(shop, ("MUG", 3))
    assert shop.left("MUG") == (2, 0)
    assert shop.at("BERLIN", "MUG") == (2, 2, 0)
    assert shop.memory.places["MUG", "HAMBURG"].in_transit == 3
    shop.check()
    receive(shop, MUG=3)
    assert shop.left("MUG") == (5, 0)
    assert shop.at("HAMBURG", "MUG") == (3, 3, 0)
    assert shop.memory.places["MUG", "HAMBURG"].in_transit == 0


def test_what_does_not_arrive_is_a_recorded_loss(shop: Shop) -> None:
    ship(shop, ("MUG", 3))
    receive(shop, MUG=2)
    assert shop.left("MUG") == (4, 0)
    lost = [m for m in shop.memory.movements if m.kind == "lost_in_transit"]
    assert [(m.quantity, m.location_id, m.cause) for m in lost] == [(1, "HAMBURG", "T1")]


def test_nothing_arrives_at_all(shop: Shop) -> None:
    ship(shop, ("MUG", 3))
    receive(shop, MUG=0)
    assert shop.left("MUG") == (2, 0)
    assert shop.memory.places["MUG", "HAMBURG"].in_transit == 0


def test_what_nobody_announced_is_received_all_the_same(shop: Shop) -> None:
    ship(shop, ("MUG", 3))
    receive(shop, MUG=4)
    assert shop.left("MUG") == (6, 0)


def test_the_same_transfer_twice_ships_once(shop: Shop) -> None:
    assert ship(shop, ("MUG", 3)) == ship(shop, ("MUG", 3))
    receive(shop, MUG=3)
    assert ship(shop, ("MUG", 3)).received_at
    assert receive(shop, MUG=3) == receive(shop, MUG=3)
    assert shop.left("MUG") == (5, 0)


def test_another_transfer_under_the_same_id_is_refused(shop: Shop) -> None:
    ship(shop, ("MUG", 3))
    with pytest.raises(IdempotencyKeyReused):
        ship(shop, ("MUG", 2))
    assert shop.left("MUG") == (2, 0)


def test_it_is_received_once(shop: Shop) -> None:
    ship(shop, ("MUG", 3))
    receive(shop, MUG=3)
    with pytest.raises(IllegalTransition):
        receive(shop, MUG=2)


def test_promised_units_do_not_leave(shop: Shop) -> None:
    shop.sold(("MUG", 3))
    with pytest.raises(QuantityExceeded) as refusal:
        ship(shop, ("MUG", 3))
    assert (refusal.value.asked, refusal.value.available) == (3, 2)
    assert ("MUG", "HAMBURG") not in shop.memory.places


def test_every_sku_is_counted_on_arrival(shop: Shop) -> None:
    shop.sells("CUP", BERLIN=1)
    ship(shop, ("MUG", 1), ("CUP", 1))
    with pytest.raises(InvalidCommand) as refusal:
        receive(shop, MUG=1, PEN=1)
    assert set(refusal.value.faults) == {"received.CUP", "received.PEN"}
    with pytest.raises(InvalidCommand):
        receive(shop, MUG=-1, CUP=1)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"to": "BERLIN"}, InvalidCommand),
        ({"to": "ATLANTIS"}, NotFound),
        ({"from": "ATLANTIS"}, NotFound),
        ({"goods": [{"sku": "CUP", "quantity": 1}]}, InvalidCommand),
        ({"goods": [{"sku": "MUG", "quantity": 1}] * 2}, InvalidCommand),
    ],
)
def test_a_transfer_that_makes_no_sense_changes_nothing(
    shop: Shop, fault: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        ship(shop, ("MUG", 1), **fault)
    assert shop.left("MUG") == (5, 0)


def test_a_transfer_that_was_never_shipped_is_not_received(shop: Shop) -> None:
    with pytest.raises(NotFound):
        receive(shop, MUG=1)
