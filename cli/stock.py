"""`doorstep stock`: what there is, whether the books are right, and mending them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.connection import Connect
from cli.printing import AsJson, as_json, table
from doorstep.domain.ledger import Drift
from doorstep.domain.standing import DRIFT
from doorstep.runtime.views import AuditView, StockFileView
from local.client import Doorstep, wait_for

app = typer.Typer(help="What there is, and whether the books are right.", no_args_is_help=True)

Sku = Annotated[str, typer.Argument(metavar="SKU")]

_PATIENCE = 600.0
"""Seconds that a file may take to be read."""

_COUNTERS = ("on_hand", "available", "allocated", "safety", "unsellable", "in_transit")


@app.command()
def show(context: typer.Context, sku: Sku, *, json: AsJson = False) -> None:
    """Show how many of a SKU there are, in all and at each location."""
    with _connected(context)() as doorstep:
        stock, standing = doorstep.stock(sku), doorstep.standing(sku)
    if json:
        as_json(stock)
        return
    state = standing.state.replace("_", " ")
    typer.echo(f"{sku}: {stock.available} for sale, {stock.held} held for orders; {state}")
    table(
        ("location", *(name.replace("_", " ") for name in _COUNTERS)),
        [
            (level.location_id, *(getattr(level, name) for name in _COUNTERS))
            for level in stock.levels.locations
        ],
    )


@app.command()
def audit(
    context: typer.Context,
    skus: Annotated[
        list[str] | None, typer.Argument(metavar="[SKU…]", help="Else: all with an open finding.")
    ] = None,
    *,
    json: AsJson = False,
) -> None:
    """Compare levels, ledger and orders now. Exits with 1 where they disagree."""
    with _connected(context)() as doorstep:
        audits = [doorstep.audit(sku) for sku in skus or _found(doorstep)]
    if json:
        as_json(audits)
    else:
        for one in audits:
            _tell(one)
        if not audits:
            typer.echo("nothing is found that does not add up")
    if not all(one.sound for one in audits):
        raise typer.Exit(1)


@app.command()
def repair(context: typer.Context, sku: Sku, *, json: AsJson = False) -> None:
    """Set the levels of a SKU to what its ledger says, with a ledger entry for each place."""
    with _connected(context)() as doorstep:
        mended = doorstep.repair(sku)
    if json:
        as_json(mended)
    elif not mended:
        typer.echo(f"{sku}: nothing to mend")
    else:
        typer.echo(f"{sku}: mended")
        _list(mended)


@app.command()
def upload(
    context: typer.Context,
    location: Annotated[str, typer.Argument(metavar="LOCATION")],
    source: Annotated[str, typer.Argument(metavar="SOURCE")],
    sequence: Annotated[int, typer.Argument(metavar="SEQUENCE", min=0)],
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    *,
    json: AsJson = False,
) -> None:
    """Send a CSV file of counts or changes, and wait. Exits with 1 where lines need a look."""
    with _connected(context)() as doorstep:
        awaited = doorstep.await_stock_file(location, source, sequence)
        doorstep.put(str(awaited.upload_url), file.read_bytes())

        def ended() -> StockFileView | None:
            shown = doorstep.stock_file(location, source, sequence)
            return shown if shown.file.ended else None

        read = wait_for(f"{file.name} is read", ended, seconds=_PATIENCE, every=0.5)
    if json:
        as_json(read)
    else:
        outcomes = ", ".join(f"{count} {name}" for name, count in read.file.outcomes.items())
        typer.echo(f"{file.name}: {read.file.fault or outcomes}")
        if read.result_url:
            typer.echo(f"Lines that need a look: {read.result_url}")
    if read.file.fault or read.result_url:
        raise typer.Exit(1)


def _found(doorstep: Doorstep) -> list[str]:
    """The SKUs about which the reconciler has opened a work item."""
    found, after = list[str](), None
    while True:
        page = doorstep.work_items(after)
        found += [item.subject for item in page.work_items if item.cause == DRIFT]
        if (after := page.after) is None:
            return found


def _tell(found: AuditView) -> None:
    """One SKU, in words."""
    if found.busy:
        typer.echo(f"{found.sku}: moves all the time, not judged; ask again")
    elif found.sound:
        typer.echo(f"{found.sku}: sound")
    else:
        typer.echo(f"{found.sku}: does not add up")
    if found.drift:
        _list(found.drift)
    if found.unexplained:
        table(
            ("order", "counter", "ledger", "order"),
            [(x.order_id, x.counter, x.ledger, x.order) for x in found.unexplained],
        )


def _list(drift: tuple[Drift, ...]) -> None:
    table(
        ("location", "counter", "level", "ledger"),
        [(one.location_id or "(network)", one.counter, one.level, one.ledger) for one in drift],
    )


def _connected(context: typer.Context) -> Connect:
    connect: Connect = context.obj
    return connect
