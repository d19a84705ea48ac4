"""How a Lambda is entered: everything cross-cutting is here, so that a handler is one call.

`queue` and `batch` for SQS, `task` for Step Functions, `schedule` for EventBridge rules. (`web` for
HTTP, `webhook` for signed callbacks.) Each logs one line per unit of work with the ids it is about,
and answers partial failures where there are any.
"""

from __future__ import annotations

import functools
import json
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from doorstep.domain.errors import Conflict
from doorstep.domain.events import TimelineItem
from doorstep.domain.record import Record
from doorstep.runtime.observability import logger

_TRIES = 4

Message = TypeVar("Message")
TaskInput = TypeVar("TaskInput", bound=BaseModel)
Event = dict[str, Any]
Failures = dict[str, list[dict[str, str]]]


class FulfillmentTask(Record):
    """What every step of the fulfillment workflow is given."""

    fulfillment_order_id: str


class Received(NamedTuple, Generic[Message]):
    """One message of a batch with the id that SQS wants back where it failed."""

    message_id: str
    message: Message


def from_bus(body: str) -> TimelineItem:
    """The event in a message that an EventBridge rule put on a queue."""
    return TimelineItem.model_validate(json.loads(body)["detail"])


def queue(
    parse: Callable[[str], Message],
) -> Callable[[Callable[[Message], None]], Callable[[Event, object], Failures]]:
    """A handler of one SQS message.

    One that raises goes back to the queue, and in the end to the dead letters.
    """

    def decorate(handle: Callable[[Message], None]) -> Callable[[Event, object], Failures]:
        def each(received: Sequence[Received[Message]]) -> Collection[str]:
            failed = []
            for message_id, message in received:
                try:
                    handle(message)
                except Exception:  # noqa: BLE001 — whatever it is, the other messages go on
                    logger.exception("message failed", message_id=message_id)
                    failed.append(message_id)
            return failed

        return functools.wraps(handle)(batch(parse)(each))

    return decorate


def batch(
    parse: Callable[[str], Message],
) -> Callable[
    [Callable[[Sequence[Received[Message]]], Collection[str]]], Callable[[Event, object], Failures]
]:
    """A handler of a whole SQS batch; it answers the message ids that failed."""

    def decorate(
        handle: Callable[[Sequence[Received[Message]]], Collection[str]],
    ) -> Callable[[Event, object], Failures]:
        @functools.wraps(handle)
        def entered(event: Event, context: object) -> Failures:
            received, failed = [], set()
            for record in event["Records"]:
                try:
                    received.append(Received(record["messageId"], parse(record["body"])))
                except (ValueError, KeyError, TypeError) as error:
                    # Its text would repeat the message, and with it persons.
                    logger.error(
                        "message not understood",
                        message_id=record["messageId"],
                        reason=type(error).__name__,
                    )
                    failed.add(record["messageId"])
            failed |= set(handle(received))
            logger.info(
                "batch", function=_name(context), messages=len(event["Records"]), failed=len(failed)
            )
            return {"batchItemFailures": [{"itemIdentifier": key} for key in sorted(failed)]}

        return entered

    return decorate


def task(
    model: type[TaskInput],
) -> Callable[[Callable[[TaskInput], None]], Callable[[Event, object], Event]]:
    """A handler of one workflow task.

    Two parcels of one order may move at once: a lost race is tried again here, where it costs
    milliseconds. What else it raises is caught, or retried, by the name of its type.
    """

    def decorate(handle: Callable[[TaskInput], None]) -> Callable[[Event, object], Event]:
        @functools.wraps(handle)
        def entered(event: Event, context: object) -> Event:
            command = model.model_validate(event)
            _patiently(handle, command)
            logger.info("task", extra={"function": _name(context), **_ids(event)})
            return {}

        return entered

    return decorate


def schedule(handle: Callable[[], Mapping[str, object]]) -> Callable[[Event, object], None]:
    """A handler run by the clock; it answers what is worth a line in the log."""

    @functools.wraps(handle)
    def entered(event: Event, context: object) -> None:
        logger.info("schedule", extra={"function": _name(context), **handle()})

    return entered


def _patiently(handle: Callable[[TaskInput], None], command: TaskInput) -> None:
    for attempt in range(_TRIES - 1):
        try:
            handle(command)
        except Conflict:
            time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 (only to part them)
        else:
            return
    handle(command)


def _ids(event: Event) -> dict[str, str]:
    return {key: value for key, value in event.items() if key.endswith("_id")}


def _name(context: object) -> str:
    return str(getattr(context, "function_name", ""))
