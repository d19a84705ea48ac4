"""SQS: a file of stock news that came into the inbox → levels and ledger, some lines a turn.

Safe to repeat: it goes on where it was read to, and every line carries its source's sequence.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from doorstep.domain.stock_file import FileStatus
from doorstep.runtime import wiring
from doorstep.runtime.entry import queue
from doorstep.runtime.observability import logger
from doorstep.runtime.settings import settings
from doorstep.usecases.stock_files import read_file


class Arrived(NamedTuple):
    """Where the file lies, how large it is, and the message that said so."""

    key: str
    size: int
    message: str


def arrived(body: str) -> Arrived:
    came = json.loads(body)["detail"]["object"]
    return Arrived(str(came["key"]), int(came["size"]), body)


@queue(arrived)
def handler(came: Arrived) -> None:
    catalog, stock, files = wiring.catalog(), wiring.stock(), wiring.inbox()
    file = read_file(
        came.key, came.size, catalog=catalog, stock=stock, files=files, clock=wiring.clock
    )
    logger.info("stock file", extra=file.model_dump(mode="json", exclude={"parts", "digest"}))
    if file.status is FileStatus.READING:
        wiring.send(settings().require("stock_file_queue_url"), came.message)
