"""Events in their place: numbered within their order, or their SKU."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from doorstep.domain.record import Moment


class Numbered(BaseModel):
    """An event in its place: when, and by whom."""

    model_config = ConfigDict(frozen=True)

    sequence: int = Field(ge=1)
    at: Moment
    actor: str
    name: str
    version: int
    data: dict[str, object]


class StockItem(Numbered):
    """The n-th event of a SKU."""

    sku: str


class TimelineItem(Numbered):
    """The n-th event of an order."""

    order_id: str

    @property
    def event_id(self) -> str:
        return f"{self.order_id}-E{self.sequence}"
