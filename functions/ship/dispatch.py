"""Step Functions: packed fulfillment order → handed over, on hand falls.

Safe to repeat: by its state.
"""

from __future__ import annotations

from doorstep.domain.record import Record
from doorstep.runtime import wiring
from doorstep.runtime.entry import task
from doorstep.usecases.ship import dispatch


class Packed(Record):
    """A fulfillment order whose parcels are packed."""

    fulfillment_order_id: str


@task(Packed)
def handler(command: Packed) -> None:
    dispatch(
        command.fulfillment_order_id,
        orders=wiring.orders(),
        clock=wiring.clock,
    )
