"""`make bench`: what an order costs, in calls, units, transitions, milliseconds and dollars.

`--check` counts only, and fails where the budget is overdrawn.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence

from rich.table import Table

from bench import flash_sale, load, packages, sourcing
from bench.budget import counts, overdrawn
from bench.scenarios import SCENARIOS
from bench.stack import Measured, measured
from bench.usage import PRICES, Usage
from local.command import command
from local.progress import console, step

_ONE, _TWO = "two lines, one parcel", "two lines, two parcels"
_FURTHER = "each further parcel"


@command
def main() -> None:
    began = time.monotonic()
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare the counts with the budget")
    given = parser.parse_args()
    with measured() as stack:
        used = {name: stack.count(name) for name in SCENARIOS}
        faults = [fault for name in SCENARIOS for fault in overdrawn(name, used[name])]
        _print_counts(used)
        _print_price(used)
        if not given.check:
            _print_speed(stack)
    if not given.check:
        _print_sourcing()
        _print_code()
    for fault in faults:
        console.print(f"[red]✗[/red] {fault}")
    took = f"{time.monotonic() - began:.0f} s"
    console.print(f"\n{'Over budget' if faults else 'Within budget'} (bench/budget.json), {took}.")
    sys.exit(bool(faults))


def _print_counts(used: Mapping[str, Usage]) -> None:
    """Per order: everything that is counted, then AWS calls by service."""
    columns = {name: counts(usage) | _by_service(usage) for name, usage in used.items()}
    rows: list[tuple[str, list[float]]] = []
    for name in dict.fromkeys(name for column in columns.values() for name in column):
        values = [column.get(name, 0.0) for column in columns.values()]
        rows.append((name, [*values, columns[_TWO].get(name, 0) - columns[_ONE].get(name, 0)]))
    _print("Per order, one at a time", [*columns, _FURTHER], rows)


def _by_service(usage: Usage) -> dict[str, float]:
    calls = {f"calls of {service}": usage.requests[service] for service in sorted(usage.requests)}
    return {"billed ms of Lambda": usage.milliseconds, **calls}


def _print_price(used: Mapping[str, Usage]) -> None:
    prices = {name: usage.list_price() for name, usage in used.items()}
    rows = []
    for kind in PRICES["usd_per_million"]:
        values = [float(price[kind]) for price in prices.values()]
        rows.append(
            (kind.replace("_", " "), [*values, float(prices[_TWO][kind] - prices[_ONE][kind])])
        )
    rows.append(("together", [sum(column) for column in zip(*(v for _, v in rows), strict=True)]))
    title = f"USD per 1,000 orders, list prices of {PRICES['region']}, {PRICES['date']}"
    _print(title, [*prices, _FURTHER], rows, digits=4)


def _print_speed(stack: Measured) -> None:
    lives = {callers: load.lives(stack, callers) for callers in load.CALLERS}
    with step("Checkouts alone, at 1, 4, 8 and 16 callers"):
        load.events_off(stack)
        alone = {callers: load.checkouts(stack, callers) for callers in load.CALLERS}
    heads = [f"{callers} caller{'s' if callers > 1 else ''}" for callers in load.CALLERS]
    with step(f"{flash_sale.ORDERS:,} orders on one SKU, twice"):
        sale = flash_sale.measure(stack)
    _print(
        "Speed, on this machine and through the emulator",
        heads,
        [
            ("checkout p50, ms", [alone[n].p50 for n in load.CALLERS]),
            ("checkout p99, ms", [alone[n].p99 for n in load.CALLERS]),
            ("checkouts per second", [alone[n].per_second for n in load.CALLERS]),
            ("whole lives per second", [lives[n].per_second for n in load.CALLERS]),
            ("checkout p50 among them, ms", [lives[n].checkout_p50 for n in load.CALLERS]),
        ],
        digits=1,
    )
    _print(
        f"Allocating {flash_sale.ORDERS:,} orders of one SKU",
        list(sale),
        [
            (field.replace("_", " "), [float(getattr(one, field)) for one in sale.values()])
            for field in flash_sale.Allocating._fields
        ],
        digits=1,
    )


def _print_sourcing() -> None:
    with step("Sourcing random orders, on one core"):
        times = sourcing.run()
    rows = [(f"{t.lines} lines, {t.locations} locations", list(t[2:])) for t in times]
    _print("Sourcing one order, ms of processor time", ["median", "p99", "most"], rows)


def _print_code() -> None:
    with step("Importing every function, five times"):
        times = [
            (module.removeprefix("functions."), [packages.import_milliseconds(module)])
            for module in packages.functions()
        ]
    _print("Cold start: import, best of five", ["ms"], times, digits=0)
    sizes = [(name, [size / 1024 for size in both]) for name, both in packages.sizes().items()]
    _print("Packages", ["KB", "KB zipped"], sizes, digits=0)


def _print(
    title: str,
    heads: Sequence[str],
    rows: Sequence[tuple[str, Sequence[float]]],
    *,
    digits: int = 2,
) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for head in heads:
        table.add_column(head, justify="right")
    for name, values in rows:
        table.add_row(name, *(f"{value:,.{digits}f}" for value in values))
    console.print(f"\n[bold]{title}[/bold]")
    console.print(table)


if __name__ == "__main__":
    main()
