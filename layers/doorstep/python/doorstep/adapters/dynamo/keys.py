"""Every key of the table, and the only place that spells one.

An order and all that belongs to it share a partition. What a command loads sorts before
`TIMELINE#`; what only grows (timeline, carrier news, task tokens) sorts behind it.
"""

from __future__ import annotations

import zlib
from datetime import date, datetime
from typing import NamedTuple

from doorstep.adapters.dynamo.schema import DUE_SHARDS, LEDGER_PREFIX, TIMELINE_PREFIX
from doorstep.domain.order import order_of


class Key(NamedTuple):
    pk: str
    sk: str


def partition(order_id: str) -> str:
    return f"ORDER#{order_id}"


def order(order_id: str) -> Key:
    return Key(partition(order_id), "ORDER")


def fulfillment_order(key: str) -> Key:
    return Key(partition(order_of(key)), f"FULFILLMENT#{key}")


def shipment(key: str) -> Key:
    return Key(partition(order_of(key)), f"SHIPMENT#{key}")


def payment(key: str) -> Key:
    return Key(partition(order_of(key)), f"PAYMENT#{key}")


def refund(key: str) -> Key:
    return Key(partition(order_of(key)), f"REFUND#{key}")


def return_(key: str) -> Key:
    return Key(partition(order_of(key)), f"RETURN#{key}")


def remedy(key: str) -> Key:
    return Key(partition(order_of(key)), f"REMEDY#{key}")


def work_item(key: str) -> Key:
    return Key(partition(order_of(key)), f"ATTENTION#{key}")


def timeline(order_id: str, sequence: int) -> Key:
    return Key(partition(order_id), f"{TIMELINE_PREFIX}{sequence:06}")


def tracking(shipment_id: str, news: str) -> Key:
    return Key(partition(order_of(shipment_id)), f"TRACKING#{shipment_id}#{news}")


def task_token(fulfillment_order_id: str) -> Key:
    return Key(partition(order_of(fulfillment_order_id)), f"TOKEN#{fulfillment_order_id}")


def tracked(carrier: str, tracking_number: str) -> Key:
    return Key(f"TRACKED#{carrier}#{tracking_number}", "TRACKED")


def product(sku: str) -> Key:
    return Key(f"PRODUCT#{sku}", "PRODUCT")


def delivery_option(code: str) -> Key:
    return Key(delivery_options(), f"DELIVERY#{code}")


def delivery_options() -> str:
    return "DELIVERIES"


def remedy_policy(channel: str) -> Key:
    return Key("POLICIES", f"REMEDY#{channel}")


def location(location_id: str) -> Key:
    return Key("LOCATIONS", f"LOCATION#{location_id}")


def locations() -> str:
    return "LOCATIONS"


def sourcing_rules(channel: str) -> Key:
    return Key(all_sourcing_rules(), f"RULES#{channel}")


def all_sourcing_rules() -> str:
    return "SOURCINGRULES"


def editions(channel: str) -> str:
    return f"SOURCINGRULES#{channel}"


def edition(channel: str, version: int) -> Key:
    return Key(editions(channel), f"VERSION#{version:07}")


def shelf(location_id: str) -> str:
    """What a location keeps stock of, by SKU."""
    return f"SHELF#{location_id}"


def day(location_id: str, day: date) -> Key:
    return Key(days(), f"{day}#{location_id}")


def days() -> str:
    return "DAYS"


def stock(sku: str) -> str:
    return f"STOCK#{sku}"


def network_level(sku: str, shard: int) -> Key:
    return Key(stock(sku), f"NETWORK#{shard:02}")


def location_level(sku: str, location_id: str) -> Key:
    return Key(stock(sku), f"LOCATION#{location_id}")


def standing(sku: str) -> Key:
    return Key(f"SKU#{sku}", "STANDING")


def stock_work_item(sku: str, key: str) -> Key:
    return Key(f"SKU#{sku}", f"ATTENTION#{key}")


def stock_timeline(sku: str, sequence: int) -> Key:
    return Key(f"SKU#{sku}", f"{TIMELINE_PREFIX}{sequence:06}")


def ledger(sku: str, location_id: str | None) -> str:
    return f"{LEDGER_PREFIX}{sku}#{location_id or ''}"


def movement(sku: str, location_id: str | None, kind: str, cause: str) -> Key:
    return Key(ledger(sku, location_id), f"{kind}#{cause}")


def stock_command(name: str) -> Key:
    return Key(f"STOCKCOMMAND#{name}", "STOCKCOMMAND")


def heard(source: str, location_id: str, sku: str) -> Key:
    return Key(f"FEED#{source}#{location_id}", f"SKU#{sku}")


def transfer(transfer_id: str) -> Key:
    return Key(f"TRANSFER#{transfer_id}", "TRANSFER")


def cycle_count(location_id: str, count_id: str) -> Key:
    return Key(f"COUNT#{location_id}#{count_id}", "COUNT")


def stock_file(name: str) -> Key:
    return Key(f"STOCKFILE#{name}", "STOCKFILE")


def reconciliation(provider: str, day: str) -> Key:
    return Key(reconciliations(provider), f"DAY#{day}")


def reconciliations(provider: str) -> str:
    return f"RECONCILIATION#{provider}"


def due(queue: str, order_id: str) -> str:
    return f"{queue}#{zlib.crc32(order_id.encode()) % DUE_SHARDS}"


def due_shards(queue: str) -> tuple[str, ...]:
    return tuple(f"{queue}#{shard}" for shard in range(DUE_SHARDS))


def location_queue(location_id: str) -> str:
    return f"LOCATION#{location_id}"


def decided(order_id: str, at: datetime) -> str:
    """The list of a month's routing decisions that has this order's."""
    return f"DECIDED#{at:%Y-%m}#{zlib.crc32(order_id.encode()) % DUE_SHARDS}"


def decided_shards(month: str) -> tuple[str, ...]:
    return tuple(f"DECIDED#{month}#{shard}" for shard in range(DUE_SHARDS))


def waiting_queue() -> str:
    return "WAITING"


def work_queue() -> str:
    return "WORK"
