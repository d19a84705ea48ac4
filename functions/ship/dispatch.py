"""Step Functions: packed fulfillment order → handed over, on hand falls.

Safe to repeat: by its state.
"""

from __future__ import annotations

from doorstep.runtime import wiring
from doorstep.runtime.entry import FulfillmentTask, task
from doorstep.usecases.ship import dispatch


@task(FulfillmentTask)
def handler(command: FulfillmentTask) -> None:
    dispatch(
        command.fulfillment_order_id,
        orders=wiring.orders(),
        clock=wiring.clock,
    )
