"""The shape of the tables.

The CDK app, the tests and the repositories read it from here. Standard library only.
"""

PK = "pk"
SK = "sk"

#: Records whose time will come: pending checkouts, promises, unfinished money.
#: Sharded, sparse, keys only.
DUE_INDEX = "due"
DUE_PK = "due"
DUE_SK = "due_at"

#: Records that wait for a person: a location's fulfillment orders, open work items.
#: Sparse, keys only.
QUEUE_INDEX = "queue"
QUEUE_PK = "queue"
QUEUE_SK = "queue_at"

#: Epoch seconds from which DynamoDB may delete an item: task tokens, never business records.
TTL = "expires_ttl"

#: The sort keys of timeline items start with this; only they are published.
TIMELINE_PREFIX = "TIMELINE#"

#: The partition keys of movements of stock start with this; those that free goods wake `refill`.
LEDGER_PREFIX = "LEDGER#"

#: In the place of an order that waits for goods: more SKUs than its sort key can hold.
ANY_SKU = "*"
MAX_WAITING_BYTES = 800

#: Over how many partitions each `due` queue is spread.
DUE_SHARDS = 4
