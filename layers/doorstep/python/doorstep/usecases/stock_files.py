"""Stock news by the file: waited for, and read in turns by the same rules as any feed.

Nothing is applied by halves: each line is, or is not, in a transaction of its own. What is read
twice, because whoever read it was stopped, is `stale` the second time.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import NamedTuple

from pydantic import Field

from doorstep.domain.errors import IdempotencyKeyReused, InvalidCommand, NotFound
from doorstep.domain.record import Command
from doorstep.domain.stock_file import MAX_BYTES, StockFile
from doorstep.ports import Catalog, Clock, Documents, Stock
from doorstep.usecases.feed import MAX_SEQUENCE, FeedEntry, FeedOutcome, FeedResult, follow
from doorstep.usecases.stock import CommandId, known_products
from doorstep.usecases.stock_csv import Line, entry, lines

LINES = 500
"""Read between two notes of how far it is read."""

PARTS_A_TURN = 5
"""How often it is noted before somebody else has a turn."""

REFUSED = "refused"
"""The outcome of a line that says nothing that could be followed."""

_AT_ONCE = 8
_FINE = (FeedOutcome.APPLIED, FeedOutcome.UNCHANGED)
_CSV = "text/csv; charset=utf-8"
_HEADER = ("line", "sku", "outcome", "detail")
_DETAILS = {
    FeedOutcome.STALE: "something as new, or newer, is known",
    FeedOutcome.CONTRADICTED: "another change came under this sequence before",
}


class WantedStockFile(Command):
    """A file that a source wants to send, known by its sequence."""

    source: CommandId
    sequence: int = Field(ge=0, le=MAX_SEQUENCE)


class Told(NamedTuple):
    """What became of one line."""

    line: Line
    outcome: str
    detail: str


def await_file(
    location_id: str, wanted: WantedStockFile, *, catalog: Catalog, stock: Stock, clock: Clock
) -> StockFile:
    """A place for a file of this source and sequence; the same one again until it is sent.

    Raises NotFound, and IdempotencyKeyReused for one that was read already.
    """
    known_products(location_id, {}, catalog)
    try:
        file = stock.stock_file(location_id, wanted.source, wanted.sequence)
    except NotFound:
        file = StockFile(
            location_id=location_id,
            source=wanted.source,
            sequence=wanted.sequence,
            asked_at=clock(),
        )
        stock.move(paper=file)
    if file.digest or file.ended:
        raise IdempotencyKeyReused(file.name)
    return file


def read_file(
    key: str, size: int, *, catalog: Catalog, stock: Stock, files: Documents, clock: Clock
) -> StockFile:
    """Follow some more lines of a file that has come; it is `reading` while there are more.

    Safe to repeat: what was read is noted, and a line that was followed is stale. Raises ValueError
    for what does not lie where stock files do, Conflict where somebody else reads it too.
    """
    file = StockFile.named(key, clock())
    try:
        file = stock.stock_file(file.location_id, file.source, file.sequence)
    except NotFound:
        file = _noted(file.model_copy(update={"version": 1}), stock)
    if file.ended:
        return file
    try:
        known_products(file.location_id, {}, catalog)
        found, digest = _opened(file, size, files)
    except (InvalidCommand, NotFound) as refusal:
        return _noted(file.refused(str(refusal), at=clock()), stock)
    for _ in range(PARTS_A_TURN):
        part = found[file.lines : file.lines + LINES]
        if not part:
            break
        told = _followed(file, part, catalog=catalog, stock=stock)
        open_ = [one for one in told if one.outcome not in _FINE]
        if open_:
            files.put(file.part_key(file.lines), _csv(open_), _CSV)
        outcomes = Counter(one.outcome for one in told)
        file = _noted(file.read(outcomes, part=bool(open_), digest=digest), stock)
    if file.lines < len(found):
        return file
    if file.parts:
        parts = [files.get(file.part_key(part)) for part in file.parts]
        files.put(file.result_key, b"".join([_csv([_HEADER]), *parts]), _CSV)
    return _noted(file.done(digest=digest, at=clock()), stock)


def _opened(file: StockFile, size: int, files: Documents) -> tuple[list[Line], str]:
    """Its lines, and its digest; raises InvalidCommand for what is no file of stock news."""
    if size > MAX_BYTES:
        raise InvalidCommand({"file": f"{size:,} bytes; {MAX_BYTES:,} at the most"})
    content = files.get(file.key)
    digest = hashlib.sha256(content).hexdigest()
    if file.digest not in ("", digest):
        raise InvalidCommand({"file": "another one came under this name while it was read"})
    return lines(content), digest


def _followed(
    file: StockFile, part: Sequence[Line], *, catalog: Catalog, stock: Stock
) -> list[Told]:
    """Follow each line; a file says one thing of a SKU, so their order does not matter."""
    said = [_said(line, file.sequence) for line in part]
    products = catalog.products(one.sku for one in said if isinstance(one, FeedEntry))

    def follow_one(line: Line, one: FeedEntry | str) -> Told:
        if isinstance(one, str):
            return Told(line, REFUSED, one)
        if one.sku not in products:
            return Told(line, REFUSED, f"there is no product {one.sku!r}")
        result = follow(file.source, file.location_id, one, products[one.sku], stock=stock)
        return Told(line, result.outcome, _detail(result))

    with ThreadPoolExecutor(_AT_ONCE) as beside:
        return list(beside.map(follow_one, part, said))


def _said(line: Line, sequence: int) -> FeedEntry | str:
    """What a line says, or what is wrong with it."""
    try:
        return entry(line, sequence)
    except ValueError as fault:
        return str(fault)


def _detail(result: FeedResult) -> str:
    if result.outcome is FeedOutcome.PARTLY:
        return f"{result.outstanding} units that are gone are promised, and stay in the books"
    return _DETAILS.get(result.outcome, "")


def _csv(rows: Sequence[Told | tuple[str, ...]]) -> bytes:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        if isinstance(row, Told):
            writer.writerow((row.line.number, row.line.sku, row.outcome, row.detail))
        else:
            writer.writerow(row)
    return text.getvalue().encode()


def _noted(file: StockFile, stock: Stock) -> StockFile:
    """Kept as it is now; raises Conflict where somebody else has read on."""
    stock.move(paper=file)
    return file
