"""The repositories as one test sees them, over the same memory, or the same table."""

from typing import NamedTuple

from doorstep.ports import Catalog, Decisions, Orders, Places, Queues, RuleBook, Stock
from tests.builders import Clock


class World(NamedTuple):
    orders: Orders
    stock: Stock
    catalog: Catalog
    queues: Queues
    places: Places
    rule_book: RuleBook
    decisions: Decisions
    clock: Clock
