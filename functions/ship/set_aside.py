"""Step Functions: a step failed for good → kept where a person looks.

Safe to repeat: by its state.
"""

from __future__ import annotations

from doorstep.domain.record import Record
from doorstep.runtime import wiring
from doorstep.runtime.entry import task
from doorstep.usecases.ship import set_aside


class Failed(Record):
    """A fulfillment order and the error that ended its workflow, as Step Functions tells it."""

    fulfillment_order_id: str
    error: dict[str, str]

    @property
    def reason(self) -> str:
        return f"{self.error.get('Error', 'failed')}: {self.error.get('Cause', '')}"[:500]


@task(Failed)
def handler(command: Failed) -> None:
    set_aside(
        command.fulfillment_order_id, command.reason, orders=wiring.orders(), clock=wiring.clock
    )
