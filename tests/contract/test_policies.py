"""The contract of Policies: a channel's own, or what is usual."""

from collections.abc import Callable
from typing import Any

import pytest

from doorstep.adapters.dynamo.policies import DynamoPolicies
from doorstep.domain.remedy import RemedyKind, RemedyPolicy
from doorstep.ports import Policies
from tests.contract.fakes_orders import FakePolicies


@pytest.fixture(params=["fake", "dynamo"])
def policies(request: pytest.FixtureRequest) -> Policies:
    if request.param == "fake":
        return FakePolicies()
    client: Callable[[str], Any] = request.getfixturevalue("client")
    return DynamoPolicies(client("dynamodb"), request.getfixturevalue("table"))


def test_a_channel_without_one_has_what_is_usual(policies: Policies) -> None:
    assert policies.remedy("web") == RemedyPolicy(channel="web")


def test_a_channel_has_its_own(policies: Policies) -> None:
    own = RemedyPolicy(channel="web", answer_within_hours=5, at_deadline=RemedyKind.WAIT)
    policies.save(RemedyPolicy(channel="web", automatic=False))
    policies.save(own)
    assert policies.remedy("web") == own
    assert policies.remedy("shopify") == RemedyPolicy(channel="shopify")
