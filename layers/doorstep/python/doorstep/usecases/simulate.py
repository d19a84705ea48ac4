"""Simulate: past routing decisions made again with other rules."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from doorstep.domain.errors import InvalidCommand
from doorstep.domain.order import Order
from doorstep.domain.record import Command, Moment
from doorstep.domain.rules import DEFAULT, Channel, SourcingRules
from doorstep.domain.simulation import SimulationPage, compare
from doorstep.ports import Catalog, Clock, Decisions, Orders

_LONGEST = timedelta(days=5 * 366)


class Simulation(Command):
    """Which decisions are made again, and by which rules."""

    rules: SourcingRules
    since: Moment
    until: Moment | None = None
    channel: Channel | None = None
    """Whose orders; where it is left out the rules' own, and every channel's for `default`."""
    limit: int = Field(default=50, ge=1, le=100)
    after: str | None = Field(default=None, max_length=200)
    """The cursor of the page before."""

    def concerns(self, order: Order) -> bool:
        channel = self.channel or self.rules.channel
        return order.channel == channel or (self.channel is None and channel == DEFAULT)


def simulate(
    simulation: Simulation, *, decisions: Decisions, orders: Orders, catalog: Catalog, clock: Clock
) -> SimulationPage:
    """One page of decisions, each against what the rules would decide. Nothing is changed.

    Raises InvalidCommand.
    """
    now = clock()
    if simulation.since < now - _LONGEST:
        raise InvalidCommand({"since": "five years back at the most"})
    items, after = decisions.routed(
        simulation.since, simulation.until or now, simulation.limit, simulation.after
    )
    found = {order_id: orders.get(order_id) for order_id in {item.order_id for item in items}}
    concerned = [item for item in items if simulation.concerns(found[item.order_id])]
    skus = {line.sku for item in concerned for line in found[item.order_id].lines if line.sku}
    products, locations = catalog.products(skus), catalog.locations()
    compared = [
        compare(found[item.order_id], item, simulation.rules, locations, products)
        for item in concerned
    ]
    comparisons = tuple(one for one in compared if one)
    left_out = len(compared) - len(comparisons)
    return SimulationPage(comparisons=comparisons, left_out=left_out, after=after)
