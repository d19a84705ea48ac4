"""Sourcing rules on the deployed Doorstep: written in versions, explained, tried on past orders."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from doorstep.domain.rules import Filter, PlaceMatch, SourcingRules
from doorstep.domain.simulation import SimulationPage
from local.client import Refused, wait_for
from tests.e2e.world import PATIENCE, World


def test_rules_are_put_in_force_one_version_after_the_other(world: World) -> None:
    channel = f"shop-{world.number()}"
    assert world.service.rules(channel).version == 0
    first = SourcingRules(channel=channel, version=1, split=900)
    assert world.admin.write_rules(first).rules == first
    assert world.admin.write_rules(first).rules == first
    with pytest.raises(Refused) as refused:
        world.admin.write_rules(SourcingRules(channel=channel, version=1, split=1))
    assert refused.value.status == 409
    with pytest.raises(Refused) as refused:
        world.service.write_rules(SourcingRules(channel=channel, version=2))
    assert refused.value.status == 403
    assert world.service.rules(channel) == first


def test_a_decision_is_explained_and_made_again_with_other_rules(world: World) -> None:
    channel = f"shop-{world.number()}"
    began = datetime.now(UTC) - timedelta(minutes=1)
    sku = world.sells({"leipzig": 3, "vienna": 3})
    order = world.service.place(world.cart({sku: 2}, channel=channel), world.key())
    world.to_pack(order.order_id)
    (decision,) = world.service.routing(order.order_id)
    assert decision.text[0].startswith("Leipzig costs the least.")
    assert decision.decision.plan == {"leipzig": {"1": 2}}

    never = Filter(name="not-there", never=PlaceMatch(locations=("leipzig",)))
    other = SourcingRules(channel=channel, filters=(never,))
    trial: dict[str, Any] = {"rules": other.model_dump(mode="json"), "since": began.isoformat()}

    def listed() -> SimulationPage | None:
        """The list of decisions may lag behind the decision."""
        found = world.service.simulate(trial)
        return found if found.comparisons else None

    page = wait_for("the decision in the list", listed, seconds=PATIENCE, every=0.1)
    (compared,) = page.comparisons
    assert compared.plan_after == {"vienna": {"1": 2}}
    assert compared.after.cost > compared.before.cost == compared.cost_then.minor
    assert world.order(order.order_id).fulfillment_orders[0].location_id == "leipzig"
