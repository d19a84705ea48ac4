"""Schedule: every five minutes → an alert for each promise at risk.

Safe to repeat: once per parcel and cause.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.runtime import wiring
from doorstep.runtime.entry import schedule
from doorstep.usecases.delays import raise_delays


@schedule
def handler() -> Mapping[str, object]:
    raised = raise_delays(orders=wiring.orders(), queues=wiring.queues(), clock=wiring.clock)
    return {"raised": raised}
