"""How fast it goes: checkouts, and whole lives of orders, at 1, 4, 8 and 16 callers."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from bench import scenarios
from bench.stack import Measured
from local import replay
from local.aws import Aws
from local.client import Doorstep, wait_for
from local.olist import Replayed

CALLERS = (1, 4, 8, 16)

_SCENARIO = "one line"
_CHECKOUTS = 240
_LIVES = 60
_WARM_EACH = 3


class Checkouts(NamedTuple):
    """Answers of `POST /orders`, in milliseconds."""

    p50: float
    p99: float
    per_second: float


class Lives(NamedTuple):
    """Orders from the checkout to the doorstep: reserved, captured, labeled, delivered, closed."""

    per_second: float
    checkout_p50: float
    """Milliseconds, beside everything else that goes on."""


def lives(stack: Measured, callers: int) -> Lives:
    """Whole lives, so many at a time; the functions were warmed up by as many."""
    for name, count in (("warm", callers * _WARM_EACH), ("timed", max(_LIVES, callers * 8))):
        given = scenarios.orders(f"lives-{callers}-{name}", _SCENARIO, count)
        done, seconds = replay.run(given, stack.outputs, stack.access, at_once=callers)
        if done.faults:
            raise TimeoutError(f"{callers} at a time: {done.faults[:3]}")
    return Lives(count / seconds, statistics.median(done.checkout_seconds) * 1000)


def checkouts(stack: Measured, callers: int) -> Checkouts:
    """Checkouts by so many callers, each waiting for its answer. To be run with events off."""
    with (
        Doorstep(stack.outputs.api_url, stack.access.keys["webshop"]) as shop,
        ThreadPoolExecutor(callers) as pool,
    ):

        def place(one: Replayed) -> float:
            began = time.perf_counter()
            shop.place(one.cart(), one.sold.order_id)
            return (time.perf_counter() - began) * 1000

        for name, count in (("warm", callers * _WARM_EACH), ("timed", _CHECKOUTS)):
            given = scenarios.orders(f"checkouts-{callers}-{name}", _SCENARIO, count)
            began = time.perf_counter()
            times = sorted(pool.map(place, given))
            seconds = time.perf_counter() - began
    p99 = times[int(len(times) * 0.99)]
    return Checkouts(statistics.median(times), p99, len(times) / seconds)


def events_off(stack: Measured) -> None:
    """Stop what follows a checkout, which would take the same two cores; it waits in the stream."""
    with Aws(stack.outputs.endpoint) as aws:
        client = aws.client("lambda")
        mappings = client.list_event_source_mappings()["EventSourceMappings"]
        streams = [one["UUID"] for one in mappings if ":dynamodb:" in one["EventSourceArn"]]
        for key in streams:
            client.update_event_source_mapping(UUID=key, Enabled=False)

        def off() -> bool:
            found = (client.get_event_source_mapping(UUID=key) for key in streams)
            return all(one["State"] == "Disabled" for one in found)

        wait_for("the streams to be switched off", off)
