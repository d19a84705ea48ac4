"""DynamoDB: one table, every write with a condition, state and events in one transaction."""
