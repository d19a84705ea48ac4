"""An event, and the units that events tell of."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """The base of all events: `name` is its detail-type on the bus, `version` that of its shape."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    version: ClassVar[int] = 1


class Units(BaseModel):
    """A quantity of one order line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line_id: str
    sku: str | None
    quantity: int
