"""Schedule: every five minutes → remedies offered, decided at their deadline, and finished.

Safe to repeat: by state.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.runtime import wiring
from doorstep.runtime.entry import schedule
from doorstep.usecases.remedy import sweep_remedies


@schedule
def handler() -> Mapping[str, object]:
    swept = sweep_remedies(
        orders=wiring.orders(),
        queues=wiring.queues(),
        catalog=wiring.catalog(),
        stock=wiring.stock(),
        tax=wiring.tax_engine(),
        policies=wiring.policies(),
        gateway=wiring.payment_gateway(),
        clock=wiring.clock,
    )
    return swept._asdict()
