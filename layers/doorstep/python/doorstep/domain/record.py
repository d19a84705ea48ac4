"""The base of every record: frozen, and lenient with rows that newer code wrote.

Errors never quote the input: they are logged, and the input may be about a person.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict


class Record(BaseModel):
    """A stored fact.

    Frozen; unknown fields of a stored row are ignored, so old code reads new rows.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Command(BaseModel):
    """Something asked for from outside. Frozen; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("this moment does not exist in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A point in time, always in UTC."""
