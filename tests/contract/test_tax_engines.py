"""Every tax engine answers for each amount, and never fails an order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.adapters import tax
from doorstep.domain.address import Address
from doorstep.domain.errors import NotFound
from doorstep.domain.money import Money
from doorstep.ports import TaxEngine
from doorstep.runtime.settings import Settings


@pytest.fixture(scope="module", params=tax.NAMES)
def engine(request: pytest.FixtureRequest) -> TaxEngine:
    return tax.load(request.param).build(Settings())


DESTINATIONS = st.builds(
    Address,
    country=st.sampled_from([None, "DE", "FR", "US", "CA", "JP", "BR", "AQ", "XX"]),
    region=st.sampled_from(["", "CA", "us-ny", "Ontario", "QC", "Atlantis"]),
)
AMOUNTS = st.lists(
    st.tuples(
        st.sampled_from(["standard", "reduced", "zero", "moon rocks"]), st.integers(0, 10**12)
    ),
    max_size=8,
)


@settings(deadline=None)
@given(amounts=AMOUNTS, destination=DESTINATIONS)
def test_every_amount_has_its_tax(
    engine: TaxEngine, amounts: list[tuple[str, int]], destination: Address
) -> None:
    asked = [(category, Money(minor=minor, currency="EUR")) for category, minor in amounts]
    answers = engine.tax(asked, destination)
    assert len(answers) == len(asked)
    for (category, amount), answer in zip(asked, answers, strict=True):
        assert answer.tax.currency == amount.currency
        assert Money.zero("EUR") <= answer.tax <= amount
        if category == "zero":
            assert not answer.tax


def test_nothing_to_tax_is_no_tax(engine: TaxEngine) -> None:
    assert list(engine.tax([], Address(country="DE"))) == []


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="table"):
        tax.load("flat")
