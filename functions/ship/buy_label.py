"""Step Functions: packed fulfillment order → a label for each parcel.

Safe to repeat: its id is the reference.
"""

from __future__ import annotations

from doorstep.domain.record import Record
from doorstep.runtime import wiring
from doorstep.runtime.entry import task
from doorstep.usecases.ship import buy_labels


class Packed(Record):
    """A fulfillment order whose parcels are packed."""

    fulfillment_order_id: str


@task(Packed)
def handler(command: Packed) -> None:
    buy_labels(
        command.fulfillment_order_id,
        orders=wiring.orders(),
        catalog=wiring.catalog(),
        carrier=wiring.carrier(),
        documents=wiring.documents(),
    )
