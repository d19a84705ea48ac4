"""Step Functions: packed fulfillment order → its parcels' shares captured.

Safe to repeat: the claim is the key.
"""

from __future__ import annotations

from doorstep.domain.record import Record
from doorstep.runtime import wiring
from doorstep.runtime.entry import task
from doorstep.usecases.ship import capture


class Packed(Record):
    """A fulfillment order whose parcels are packed."""

    fulfillment_order_id: str


@task(Packed)
def handler(command: Packed) -> None:
    capture(
        command.fulfillment_order_id,
        orders=wiring.orders(),
        gateway=wiring.payment_gateway(),
        clock=wiring.clock,
    )
