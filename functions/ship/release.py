"""Step Functions (task token): fulfillment order → released to its location, which answers.

Safe to repeat: the newest token counts.
"""

from __future__ import annotations

from doorstep.runtime import wiring
from doorstep.runtime.entry import FulfillmentTask, task
from doorstep.usecases.ship import release


class Release(FulfillmentTask):
    """A fulfillment order and the token that wakes its workflow."""

    task_token: str


@task(Release)
def handler(command: Release) -> None:
    release(
        command.fulfillment_order_id,
        command.task_token,
        orders=wiring.orders(),
        workflow=wiring.workflow(),
    )
