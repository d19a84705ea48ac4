"""Step Functions: a step failed for good → kept where a person looks.

Safe to repeat: by its state.
"""

from __future__ import annotations

import json
from contextlib import suppress

from doorstep.runtime import wiring
from doorstep.runtime.entry import FulfillmentTask, task
from doorstep.usecases.ship import set_aside


class Failed(FulfillmentTask):
    """A fulfillment order and the error that ended its workflow, as Step Functions tells it."""

    error: dict[str, str]

    @property
    def reason(self) -> str:
        """The error's name and message; where in the code it happened is in the log."""
        cause = self.error.get("Cause", "")
        with suppress(ValueError, AttributeError):
            cause = json.loads(cause).get("errorMessage", "")
        return f"{self.error.get('Error', 'failed')}: {cause}"[:300]


@task(Failed)
def handler(command: Failed) -> None:
    set_aside(
        command.fulfillment_order_id, command.reason, orders=wiring.orders(), clock=wiring.clock
    )
