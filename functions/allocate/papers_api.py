"""HTTP: transfers between locations, cycle counts → papers, levels and ledger.

Repeats are harmless: by the caller's own id, and by the state of the paper.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from doorstep.domain.papers import CycleCount, Transfer
from doorstep.runtime import web, wiring
from doorstep.usecases import counting, transfers

app = web.api()
handler = web.entered(app)

Sku = Annotated[str, web.Path(min_length=1, max_length=120)]


@app.post("/transfers", responses=web.CREATED)
def ship_transfer(transfer: transfers.ShipTransfer) -> web.Response[Transfer]:
    web.keeper(app, transfer.origin)
    catalog, stock = wiring.catalog(), wiring.stock()
    shipped = transfers.ship_transfer(transfer, catalog=catalog, stock=stock, clock=wiring.clock)
    return web.answer(shipped, HTTPStatus.CREATED)


@app.get("/transfers/<transfer_id>")
def show_transfer(transfer_id: web.Name) -> Transfer:
    transfer = wiring.stock().transfer(transfer_id)
    web.keeper(app, transfer.origin, transfer.destination)
    return transfer


@app.post("/transfers/<transfer_id>/receive")
def receive_transfer(transfer_id: web.Name, counts: transfers.ReceiveTransfer) -> Transfer:
    catalog, stock = wiring.catalog(), wiring.stock()
    web.keeper(app, stock.transfer(transfer_id).destination)
    return transfers.receive_transfer(
        transfer_id, counts, catalog=catalog, stock=stock, clock=wiring.clock
    )


@app.post("/locations/<location_id>/counts", responses=web.CREATED)
def open_count(location_id: web.Name, wanted: counting.OpenCount) -> web.Response[CycleCount]:
    by = web.keeper(app, location_id)
    catalog, stock = wiring.catalog(), wiring.stock()
    count = counting.open_count(
        location_id, wanted, by=by, catalog=catalog, stock=stock, clock=wiring.clock
    )
    return web.answer(count, HTTPStatus.CREATED)


@app.get("/locations/<location_id>/counts/<count_id>")
def show_count(location_id: web.Name, count_id: web.Name) -> CycleCount:
    web.keeper(app, location_id)
    return wiring.stock().cycle_count(location_id, count_id)


@app.put("/locations/<location_id>/counts/<count_id>/lines/<sku>")
def record_count(
    location_id: web.Name, count_id: web.Name, sku: Sku, counted: counting.Counted
) -> CycleCount:
    web.keeper(app, location_id)
    return counting.record_count(location_id, count_id, sku, counted, stock=wiring.stock())


@app.post("/locations/<location_id>/counts/<count_id>/close")
def close_count(location_id: web.Name, count_id: web.Name) -> CycleCount:
    by = web.keeper(app, location_id)
    catalog, stock = wiring.catalog(), wiring.stock()
    return counting.close_count(
        location_id, count_id, by=by, catalog=catalog, stock=stock, clock=wiring.clock
    )
