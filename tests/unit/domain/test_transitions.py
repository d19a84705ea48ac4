"""The one table of states: whole, and obeyed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.domain import transitions
from doorstep.domain.errors import IllegalTransition
from doorstep.domain.fulfillment import ENDED, OPEN, WORKABLE, FulfillmentStatus
from doorstep.domain.order import OrderStatus
from doorstep.domain.returns import ReturnStatus
from doorstep.domain.shipment import Shipment, ShipmentStatus
from doorstep.domain.work import WorkItemStatus
from tests import builders as a

STATES = {
    "order": OrderStatus,
    "fulfillment order": FulfillmentStatus,
    "return": ReturnStatus,
    "work item": WorkItemStatus,
}


@pytest.mark.parametrize("record", STATES)
def test_every_state_has_its_row(record: str) -> None:
    table = transitions.TRANSITIONS[record]
    assert set(table) == {state.value for state in STATES[record]}
    assert set().union(*table.values()) <= set(table)


@pytest.mark.parametrize("record", STATES)
def test_every_state_but_the_first_can_be_reached(record: str) -> None:
    table = transitions.TRANSITIONS[record]
    first = next(iter(table))
    assert set().union(*table.values()) | {first} == set(table)


def test_what_the_table_does_not_allow_is_refused() -> None:
    with pytest.raises(IllegalTransition, match="order O-A is closed; it cannot become placed"):
        transitions.check("order", "O-A", "closed", "placed")


def test_groups_of_states_do_not_overlap() -> None:
    assert not OPEN & ENDED
    assert WORKABLE < OPEN
    ends = {
        state for state, after in transitions.TRANSITIONS["fulfillment order"].items() if not after
    }
    assert {state.value for state in ENDED} == ends


news = st.lists(
    st.tuples(st.sampled_from(ShipmentStatus), st.integers(0, 72)), min_size=1, max_size=8
)


@given(news)
def test_a_delivered_parcel_stays_delivered_unless_it_goes_back(
    told: list[tuple[ShipmentStatus, int]],
) -> None:
    """`delivered` then an older `in_transit`: karrio#660, woocommerce-services#1449."""
    parcel = Shipment(
        shipment_id="O-A-F1-P1",
        fulfillment_order_id="O-A-F1",
        location_id="BERLIN",
        lines=(),
        weight_grams=1,
        amount=a.eur("1"),
        order_amount=a.eur("0"),
        packed_at=a.NOW,
    )
    for status, hours in told:
        one = a.said(status, a.NOW + timedelta(hours=hours))
        if parcel.follows(one):
            before = parcel.status
            parcel = parcel.model_copy(update={"status": one.status, "status_at": one.at})
            assert before is not ShipmentStatus.DELIVERED or (
                parcel.status is ShipmentStatus.RETURN_TO_SENDER
            )
            assert before is not ShipmentStatus.RETURN_TO_SENDER
    if any(status is ShipmentStatus.DELIVERED for status, _ in told):
        assert parcel.status in (
            ShipmentStatus.DELIVERED,
            ShipmentStatus.RETURN_TO_SENDER,
            ShipmentStatus.CANCELED,
        )
