"""What one order may use, counted on the embedded AWS. Counts hold on any machine; times do not.

`make bench` prints them, with the prices; `bench/budget.json` is the budget.
"""

from collections.abc import Iterator

import pytest

from bench.budget import overdrawn
from bench.stack import Measured, measured


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    with measured(tmp_path_factory.mktemp("bench")) as running:
        yield running


@pytest.mark.parametrize("scenario", ["one line", "three lines", "two lines, two parcels"])
def test_an_order_stays_within_its_budget(stack: Measured, scenario: str) -> None:
    assert overdrawn(scenario, stack.count(scenario, orders=10)) == []
