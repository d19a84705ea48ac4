"""A Doorstep to be measured: on an embedded AWS of its own, with the meter running."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import scenarios
from bench.usage import Meter, Usage, stored_bytes
from local import replay
from local.access import Access, access
from local.aws import Aws
from local.client import Doorstep
from local.embedded import HOME, EmbeddedAws, free_port
from local.outputs import Outputs
from local.progress import step
from local.seed import seed
from local.up import deploy

_WARM = 4
_COUNTED = 20


@dataclass(frozen=True)
class Measured:
    """A deployed Doorstep with goods, and the meter on its AWS."""

    outputs: Outputs
    access: Access
    meter: Meter

    def count(self, scenario: str, orders: int = _COUNTED) -> Usage:
        """What one order of a scenario uses: one at a time, so that no batch is shared.

        Every function is warm; the first orders are not counted.
        """
        self._run(f"warm {scenario}", scenario, _WARM)
        mark = self.meter.mark()
        self._run(f"counted {scenario}", scenario, orders)
        usage = self.meter.since(mark).per(orders)
        size, known = stored_bytes(self.meter.aws.rows(self.outputs.table_name))
        usage.billed["stored_gb_month"] = size / known / 10**9
        return usage

    def _run(self, name: str, scenario: str, count: int) -> None:
        given = scenarios.orders(name.replace(" ", "-"), scenario, count)
        done, _ = replay.run(given, self.outputs, self.access, at_once=1)
        if done.faults or done.settled != count:
            raise TimeoutError(f"{scenario}: {done.settled} of {count} settled; {done.faults[:3]}")


@contextmanager
def measured(home: Path = HOME / "bench") -> Iterator[Measured]:
    """Boot, deploy, seed; all gone when the block ends."""
    file = home / "meter.jsonl"
    home.mkdir(parents=True, exist_ok=True)
    file.write_text("")
    os.environ["DOORSTEP_METER"] = str(file)
    aws = EmbeddedAws(free_port(), home)
    try:
        with step("Booting an embedded AWS with a meter"):
            aws.start()
        outputs = deploy(aws)
        keys = access(home)
        with step("Seeding"), Doorstep(outputs.api_url, keys.keys["admin"]) as admin:
            seed(scenarios.catalog(), admin)
        with Aws(outputs.endpoint) as client:
            meter = Meter(file, client, outputs.state_machine_arn, _scheduled(client))
            yield Measured(outputs, keys, meter)
    finally:
        aws.stop()
        del os.environ["DOORSTEP_METER"]


def _scheduled(aws: Aws) -> tuple[str, ...]:
    """The names of the functions that a schedule calls."""
    client = aws.client("scheduler")
    pages = client.get_paginator("list_schedules").paginate()
    targets = (found["Target"]["Arn"] for page in pages for found in page["Schedules"])
    return tuple(arn.rpartition(":")[2] for arn in targets)
