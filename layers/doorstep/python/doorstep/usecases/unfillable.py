"""The queue of orders that cannot be filled: no location can ship their units, or no stock holds
them.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from itertools import islice

from doorstep.domain import allocating
from doorstep.domain.errors import InvalidCommand, NotFound
from doorstep.domain.order import Order
from doorstep.ports import Orders, Queues


def unfillable_orders(
    limit: int, after: str | None, *, orders: Orders, queues: Queues
) -> tuple[Sequence[Order], str | None]:
    """One page of it, the oldest first, and a cursor where there is more.

    The list may lag: what has been filled meanwhile is left out. Raises InvalidCommand.
    """
    listed = list(islice(queues.waiting(_decoded(after) if after else ""), limit + 1))
    found = []
    for waiting in listed[:limit]:
        try:
            order = orders.get(waiting.order_id)
        except NotFound:
            continue
        if allocating.waiting(order):
            found.append(order)
    return found, _encoded(listed[limit - 1].place) if len(listed) > limit else None


def _encoded(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode()


def _decoded(cursor: str) -> str:
    try:
        place = base64.urlsafe_b64decode(cursor.encode()).decode()
    except ValueError:
        place = ""
    if not place[:1].isdigit() or "#" not in place:
        raise InvalidCommand({"after": "not a cursor of this list"})
    return place
