"""Schedule: every minute → taken back: what a location lets its time pass for, or cannot ship
because it is switched off; what nobody collects.

Safe to repeat: by the state of the fulfillment order, and of the location.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.runtime import wiring
from doorstep.runtime.entry import schedule
from doorstep.usecases import pickup
from doorstep.usecases.outage import carry_out
from doorstep.usecases.rerouting import take_back_late


@schedule
def handler() -> Mapping[str, object]:
    orders, queues = wiring.orders(), wiring.queues()
    late = take_back_late(orders=orders, queues=queues, clock=wiring.clock)
    switched = carry_out(
        places=wiring.places(),
        queues=queues,
        orders=orders,
        stock=wiring.stock(),
        clock=wiring.clock,
    )
    collected = pickup.sweep(orders=orders, queues=queues, clock=wiring.clock)
    return {
        "late": late,
        "units": switched.units,
        "withdrawn": switched.withdrawn,
        "reminded": collected.reminded,
        "uncollected": collected.given_back,
    }
