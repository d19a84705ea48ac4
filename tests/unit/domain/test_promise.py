"""The promise: working days, cut-off hours and weekends."""

from datetime import UTC, datetime

import pytest

from doorstep.domain.promise import promise
from tests import builders as a


@pytest.mark.parametrize(
    ("placed", "ship_by", "deliver_by"),
    [
        ("Mon 02 Mar 14:59", "Tue 03 Mar", "Fri 06 Mar"),
        ("Mon 02 Mar 15:00", "Wed 04 Mar", "Mon 09 Mar"),
        ("Fri 06 Mar 10:00", "Mon 09 Mar", "Thu 12 Mar"),
        ("Fri 06 Mar 16:00", "Tue 10 Mar", "Fri 13 Mar"),
        ("Sat 07 Mar 10:00", "Tue 10 Mar", "Fri 13 Mar"),
        ("Sun 08 Mar 23:00", "Tue 10 Mar", "Fri 13 Mar"),
    ],
)
def test_working_days_count_from_the_cut_off(placed: str, ship_by: str, deliver_by: str) -> None:
    at = datetime.strptime(f"2026 {placed}", "%Y %a %d %b %H:%M").replace(tzinfo=UTC)
    made = promise(a.delivery(), at=at)
    assert f"{made.ship_by:%a %d %b}" == ship_by
    assert f"{made.deliver_by:%a %d %b}" == deliver_by


def test_days_in_the_workshop_come_first() -> None:
    made = promise(a.delivery(), at=a.NOW, production_days=5)
    assert f"{made.ship_by:%a %d %b}" == "Tue 10 Mar"
    assert made.production_days == 5
