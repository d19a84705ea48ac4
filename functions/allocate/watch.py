"""Schedule: every minute → SKUs that moved, and what has changed for those who wait, told.

Safe to repeat: a state is written with its event, once.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.runtime import wiring
from doorstep.runtime.entry import schedule
from doorstep.usecases.standing import watch


@schedule
def handler() -> Mapping[str, object]:
    watched = watch(
        ledger=wiring.ledger(),
        queues=wiring.queues(),
        standings=wiring.standings(),
        catalog=wiring.catalog(),
        stock=wiring.stock(),
        clock=wiring.clock,
    )
    return watched._asdict()
