"""Step Functions: packed fulfillment order → its parcels' shares captured.

Safe to repeat: the claim is the key.
"""

from __future__ import annotations

from doorstep.runtime import wiring
from doorstep.runtime.entry import FulfillmentTask, task
from doorstep.usecases.ship import capture


@task(FulfillmentTask)
def handler(command: FulfillmentTask) -> None:
    capture(
        command.fulfillment_order_id,
        orders=wiring.orders(),
        gateway=wiring.payment_gateway(),
        clock=wiring.clock,
    )
