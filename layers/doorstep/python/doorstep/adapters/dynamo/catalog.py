"""Products, locations, delivery options and the current sourcing rules in DynamoDB.

All but products are few and change seldom: kept for a minute.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from doorstep.adapters.dynamo import keys
from doorstep.adapters.dynamo.keys import Key
from doorstep.adapters.dynamo.schema import DUE_PK, DUE_SK
from doorstep.domain.catalog import DeliveryOption, Location, Product
from doorstep.domain.rules import SourcingRules, in_force

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT_SECONDS = 60

SWITCHED = "switched"
"""The `due` queue of locations whose switch is still to be carried out."""
_BATCH = 100

Listed = TypeVar("Listed", Location, DeliveryOption, SourcingRules)


class DynamoCatalog:
    """The Catalog port on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._kept: dict[str, tuple[float, list[Any]]] = {}

    def offer(
        self, skus: Iterable[str], option: str
    ) -> tuple[Mapping[str, Product], DeliveryOption | None]:
        wanted = [keys.product(sku) for sku in dict.fromkeys(skus)]
        rows = self._get([*wanted, keys.delivery_option(option)])
        found = rows.pop(keys.delivery_option(option), None)
        products = (Product.model_validate_json(row) for row in rows.values())
        return (
            {product.sku: product for product in products},
            DeliveryOption.model_validate_json(found) if found else None,
        )

    def products(self, skus: Iterable[str]) -> Mapping[str, Product]:
        rows = self._get([keys.product(sku) for sku in dict.fromkeys(skus)])
        products = (Product.model_validate_json(row) for row in rows.values())
        return {product.sku: product for product in products}

    def locations(self) -> Sequence[Location]:
        return self._listed(keys.locations(), Location)

    def delivery_options(self) -> Sequence[DeliveryOption]:
        return self._listed(keys.delivery_options(), DeliveryOption)

    def rules(self, channel: str) -> SourcingRules:
        known = self._listed(keys.all_sourcing_rules(), SourcingRules, even_none=True)
        return in_force({rules.channel: rules for rules in known}, channel)

    def save(self, *records: Product | Location | DeliveryOption) -> None:
        for record in records:
            key = _key(record)
            self._client.put_item(
                TableName=self._table,
                Item={
                    "pk": {"S": key.pk},
                    "sk": {"S": key.sk},
                    "json": {"S": record.model_dump_json()},
                    **_due(record),
                },
            )
        self._kept.clear()

    def _listed(
        self, partition: str, model: type[Listed], *, even_none: bool = False
    ) -> list[Listed]:
        """All records of a partition, as they were at some time within the last minute.

        That there are none is kept in mind only where it is usual.
        """
        read_at, known = self._kept.get(partition, (float("-inf"), []))
        empty = not known and not even_none
        if empty or time.monotonic() - read_at >= _KEPT_SECONDS:
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": partition}},
            )
            rows = (row for page in pages for row in page["Items"])
            known = [model.model_validate_json(row["json"]["S"], extra="ignore") for row in rows]
            self._kept[partition] = (time.monotonic(), known)
        return known

    def _get(self, wanted: Sequence[Key]) -> dict[Key, str]:
        """Rows by key, a hundred a call; what DynamoDB leaves unprocessed is asked for again."""
        found: dict[Key, str] = {}
        for start in range(0, len(wanted), _BATCH):
            pending: dict[str, Any] = {
                self._table: {
                    "Keys": [
                        {"pk": {"S": key.pk}, "sk": {"S": key.sk}}
                        for key in wanted[start : start + _BATCH]
                    ]
                }
            }
            while pending:
                answer = self._client.batch_get_item(RequestItems=pending)
                for row in answer["Responses"].get(self._table, []):
                    found[Key(row["pk"]["S"], row["sk"]["S"])] = row["json"]["S"]
                pending = dict(answer["UnprocessedKeys"])
        return found


def _due(record: object) -> dict[str, Any]:
    """What is still to be carried out of it, for the time index."""
    if not isinstance(record, Location) or not record.switched_at:
        return {}
    return {
        DUE_PK: {"S": keys.due(SWITCHED, record.location_id)},
        DUE_SK: {"S": switched(record.location_id, record.switched_at)},
    }


def switched(location_id: str, at: datetime) -> str:
    """The place of a location in the queue of those that were switched off or on."""
    return f"{at.isoformat(timespec='seconds')}#{location_id}"


def _key(record: Product | Location | DeliveryOption) -> Key:
    match record:
        case Product():
            return keys.product(record.sku)
        case Location():
            return keys.location(record.location_id)
        case DeliveryOption():
            return keys.delivery_option(record.code)
