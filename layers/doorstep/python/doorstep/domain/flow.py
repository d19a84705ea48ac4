"""The cheapest flow through a small network: augmenting paths, the cheapest first.

Busacker and Gowen's method with Bellman and Ford's search for paths, which takes negative costs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Mapping


def cheapest_flow(
    arcs: Iterable[tuple[Hashable, Hashable, int, int]], start: Hashable, end: Hashable
) -> Mapping[tuple[Hashable, Hashable], int]:
    """(tail, head) → units, for arcs of (tail, head, room, cost per unit).

    As much as pays: the flow ends where one more unit would cost more than nothing. The arcs must
    not make a cycle.
    """
    room: dict[tuple[Hashable, Hashable], int] = {}
    cost: dict[tuple[Hashable, Hashable], int] = {}
    near: dict[Hashable, list[Hashable]] = {}
    forth = []
    for tail, head, units, price in arcs:
        forth.append((tail, head))
        room[tail, head], cost[tail, head] = units, price
        room[head, tail], cost[head, tail] = 0, -price
        near.setdefault(tail, []).append(head)
        near.setdefault(head, []).append(tail)
    while path := _cheapest_path(room, cost, near, start, end):
        units = min(room[step] for step in path)
        for tail, head in path:
            room[tail, head] -= units
            room[head, tail] += units
    return {(tail, head): room[head, tail] for tail, head in forth}


def _cheapest_path(
    room: Mapping[tuple[Hashable, Hashable], int],
    cost: Mapping[tuple[Hashable, Hashable], int],
    near: Mapping[Hashable, list[Hashable]],
    start: Hashable,
    end: Hashable,
) -> list[tuple[Hashable, Hashable]]:
    """The arcs of the cheapest way with room left; empty where none costs less than nothing."""
    so_far: dict[Hashable, int] = {start: 0}
    came_from: dict[Hashable, Hashable] = {}
    waiting = deque([start])
    while waiting:
        tail = waiting.popleft()
        for head in near.get(tail, ()):
            price = so_far[tail] + cost[tail, head]
            if room[tail, head] and (head not in so_far or price < so_far[head]):
                so_far[head], came_from[head] = price, tail
                if head not in waiting:
                    waiting.append(head)
    path = []
    node = end
    while node in came_from and so_far[end] < 0:
        path.append((came_from[node], node))
        node = came_from[node]
    return path
