"""`doorstep route`: why an order went where it went, the rules, and what others would have done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ValidationError

from cli.connection import Connect
from cli.printing import AsJson, as_json, table
from doorstep.domain.money import Money
from doorstep.domain.rules import SourcingRules
from doorstep.domain.simulation import Comparison, Outcome, Summary
from local.client import Doorstep

app = typer.Typer(help="Why orders go where they go, and by which rules.", no_args_is_help=True)

Channel = Annotated[str, typer.Argument(metavar="CHANNEL")]
RulesFile = Annotated[
    Path, typer.Option("--rules", exists=True, dir_okay=False, help="Rules, as JSON.")
]
_DAYS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


class Simulated(BaseModel):
    """A whole simulation, as programs get it."""

    summary: Summary
    left_out: int
    comparisons: tuple[Comparison, ...]


@app.command()
def explain(
    context: typer.Context,
    order_id: Annotated[str, typer.Argument(metavar="ORDER")],
    *,
    json: AsJson = False,
) -> None:
    """Say where an order was routed, each time, and what spoke for or against each location."""
    with _connected(context)() as doorstep:
        decisions = doorstep.routing(order_id)
    if json:
        as_json(decisions)
        return
    for decision in decisions:
        typer.echo(f"{decision.at:%Y-%m-%d %H:%M} {decision.text[0]}")
        for line in decision.text[1:]:
            typer.echo(f"  {line}")


@app.command()
def rules(context: typer.Context, channel: Channel) -> None:
    """Show the rules in force for a channel, as JSON."""
    with _connected(context)() as doorstep:
        as_json(doorstep.rules(channel))


@app.command()
def write(context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Put the next version of a channel's rules in force; the file names both."""
    with _connected(context)() as doorstep:
        edition = doorstep.write_rules(_read(file))
    typer.echo(f"{edition.rules.label} is in force")


@app.command()
def simulate(
    context: typer.Context,
    file: RulesFile,
    since: Annotated[datetime, typer.Option(formats=_DAYS, help="Decisions from then on (UTC).")],
    until: Annotated[datetime | None, typer.Option(formats=_DAYS, help="And before.")] = None,
    channel: Annotated[
        str, typer.Option(help="Whose orders; else the rules' own, for `default` everybody's.")
    ] = "",
    *,
    orders: Annotated[bool, typer.Option("--orders", help="List what would differ.")] = False,
    json: AsJson = False,
) -> None:
    """Replay past orders with other rules, from the stock as it was, and compare."""
    given = _read(file)
    asked = {
        "rules": given.model_dump(mode="json"),
        "since": since.replace(tzinfo=UTC).isoformat(),
        "until": until.replace(tzinfo=UTC).isoformat() if until else None,
        "channel": channel or None,
    }
    with _connected(context)() as doorstep:
        found, left_out = _replayed(doorstep, asked)
    summary = Summary.of(found)
    if json:
        as_json(Simulated(summary=summary, left_out=left_out, comparisons=found if orders else ()))
        return
    _compare(summary, given.currency, left_out)
    if orders:
        _list([one for one in found if one.differs], given.currency)


def _replayed(doorstep: Doorstep, asked: dict[str, Any]) -> tuple[tuple[Comparison, ...], int]:
    found: list[Comparison] = []
    left_out, after = 0, None
    while True:
        page = doorstep.simulate(asked | {"after": after, "limit": 100})
        found += page.comparisons
        left_out += page.left_out
        after = page.after
        if after is None:
            return tuple(found), left_out


def _compare(summary: Summary, currency: str, left_out: int) -> None:
    typer.echo(
        f"{summary.decisions} decisions, {summary.differ} would differ"
        + (f", {left_out} cannot be made again" if left_out else "")
        + (f"; {summary.stopped} orders concern the rules' actions" if summary.stopped else "")
    )
    rows = []
    for name in Outcome.model_fields:
        before, after = getattr(summary.before, name), getattr(summary.after, name)
        shown = [before, after, after - before]
        if name == "cost":
            shown = [_money(minor, currency) for minor in shown]
        rows.append([name.replace("_", " "), *shown])
    table(("", "as it was", "by these rules", "difference"), rows)


def _list(differing: Sequence[Comparison], currency: str) -> None:
    table(
        ("order", "as it was", "by these rules", "cost", "parcels", "km", "late days"),
        [
            (
                one.order_id,
                ", ".join(one.plan_before) or "nowhere",
                ", ".join(one.plan_after) or "nowhere",
                _money(one.after.cost - one.before.cost, currency),
                one.after.parcels - one.before.parcels,
                one.after.km - one.before.km,
                one.after.late_days - one.before.late_days,
            )
            for one in differing
        ],
    )


def _read(file: Path) -> SourcingRules:
    """The rules in a file; raises BadParameter with every fault at its place."""
    try:
        return SourcingRules.model_validate_json(file.read_bytes())
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None
    except ValidationError as error:
        faults = (
            f"{'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise typer.BadParameter(f"{file}: {'; '.join(faults)}") from None


def _money(minor: int, currency: str) -> str:
    return str(Money(minor=minor, currency=currency))


def _connected(context: typer.Context) -> Connect:
    connect: Connect = context.obj
    return connect
