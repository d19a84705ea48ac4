"""HTTP: what is made to order → instructions corrected.

Repeats are harmless: the same instructions again change nothing.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from doorstep.domain.record import Command
from doorstep.runtime import web, wiring
from doorstep.runtime.views import OrderView
from doorstep.usecases import make

app = web.api()
handler = web.entered(app)

Text = Annotated[str, Field(max_length=1000)]


class Instructions(Command):
    """How the pieces of some lines are to be: line id → name of option → text."""

    lines: dict[str, Annotated[dict[str, Text], Field(max_length=40)]] = Field(
        min_length=1, max_length=500
    )


@app.put("/orders/<order_id>/instructions")
def correct_instructions(order_id: web.Id, instructions: Instructions) -> OrderView:
    caller = web.caller(app)
    caller.may("agent")
    order = make.correct_instructions(
        order_id,
        instructions.lines,
        by=caller.name,
        orders=wiring.orders(caller.name),
        catalog=wiring.catalog(),
        clock=wiring.clock,
    )
    return OrderView.of(order)
