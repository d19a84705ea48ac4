"""Step Functions: packed fulfillment order → a label for each parcel.

Safe to repeat: its id is the reference.
"""

from __future__ import annotations

from doorstep.runtime import wiring
from doorstep.runtime.entry import FulfillmentTask, task
from doorstep.usecases.ship import buy_labels


@task(FulfillmentTask)
def handler(command: FulfillmentTask) -> None:
    buy_labels(
        command.fulfillment_order_id,
        orders=wiring.orders(),
        catalog=wiring.catalog(),
        carrier=wiring.carrier(),
        documents=wiring.documents(),
    )
