"""Schedule: every minute → what a location let its time pass for is taken back, to go elsewhere.

Safe to repeat: by the fulfillment order's state.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.runtime import wiring
from doorstep.runtime.entry import schedule
from doorstep.usecases.rerouting import take_back_late


@schedule
def handler() -> Mapping[str, object]:
    late = take_back_late(orders=wiring.orders(), queues=wiring.queues(), clock=wiring.clock)
    return {"late": late}
