"""What happens to the stock of a SKU."""

from __future__ import annotations

from doorstep.domain.availability import StockState
from doorstep.domain.events.event import Event


class StockChanged(Event):
    """The goods of a SKU, in all or at one location, are in another state than before."""

    before: StockState
    state: StockState
    available: int
    location_id: str | None
    """None: wherever they are."""
    weeks_of_cover: int | None
    """How long they last at the rate of the last eight weeks; None where nothing was shipped."""


class StockBackInStock(StockChanged):
    """There was nothing to sell; now there is, be it a few or too many (`state`)."""

    name = "stock.back_in_stock"


class StockLow(StockChanged):
    """No more are left than the threshold of the SKU, or of the location."""

    name = "stock.low"


class StockOut(StockChanged):
    """There is nothing left to sell."""

    name = "stock.out"


class StockOverstock(StockChanged):
    """There is more than sells within the weeks that the product allows."""

    name = "stock.overstock"


class StockNormal(StockChanged):
    """Few or too many before; now neither."""

    name = "stock.normal"


class StockDrift(Event):
    """Levels, ledger and orders disagree: what does not add up, the first twenty of `count`."""

    name = "stock.drift"
    faults: tuple[str, ...]
    count: int
