"""How payments compared, day by day, in memory and on the table."""

from datetime import date

import pytest

from doorstep.adapters import aws
from doorstep.adapters.dynamo.reconciliations import DynamoReconciliations
from doorstep.domain.reconciling import Reconciliation
from doorstep.ports import Reconciliations
from tests.builders import NOW
from tests.contract.fakes import FakeReconciliations


@pytest.fixture(params=["memory", "dynamodb"])
def kept(request: pytest.FixtureRequest) -> Reconciliations:
    if request.param == "memory":
        return FakeReconciliations()
    table: str = request.getfixturevalue("table")
    return DynamoReconciliations(aws.client("dynamodb"), table)


def test_days_are_kept_by_provider_the_newest_first(kept: Reconciliations) -> None:
    assert kept.days("sandbox", 10) == []
    for provider, day in (("sandbox", 1), ("sandbox", 3), ("other", 2), ("sandbox", 2)):
        kept.save(Reconciliation(provider=provider, day=date(2026, 3, day), until=NOW))
    kept.save(Reconciliation(provider="sandbox", day=date(2026, 3, 2), until=NOW, bookings=7))
    found = [(day.day.day, day.bookings) for day in kept.days("sandbox", 10)]
    assert found == [(3, 0), (2, 7), (1, 0)]
    assert len(kept.days("sandbox", 2)) == 2
