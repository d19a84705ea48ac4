"""Every setting, once: the environment variables of the functions.

`infra/function.py` refuses any other.

Standard library only, so that a function that verifies and enqueues starts fast, and the CDK app
can read it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from functools import cache


@dataclass(frozen=True)
class Settings:
    """Read from the environment by the upper-case names of its fields; an empty string means `not
    given`.
    """

    stage: str = ""
    """`embedded`, or the name of a deployment on AWS."""
    table_name: str = ""
    sandbox_table_name: str = ""
    inbox_bucket: str = ""
    documents_bucket: str = ""
    storefront_queue_url: str = ""
    carrier_queue_url: str = ""
    stock_file_queue_url: str = ""
    event_bus_name: str = ""
    state_machine_arn: str = ""
    api_keys_secret: str = ""
    webhooks_secret: str = ""
    providers_secret: str = ""
    """Holds our keys with carriers, by carrier."""
    payments_secret: str = ""
    """Holds our keys with payment providers, by provider."""
    links_secret: str = ""
    """Signs links that work without a login."""
    remedy_page: str = ""
    """Where a customer chooses a remedy: its id and a token are put behind it."""
    payment_page: str = ""
    """Where a customer pays in another way: a fulfillment order's id and a token are put behind it.
    """
    user_pool_id: str = ""
    user_pool_client_id: str = ""
    payment_provider: str = "sandbox"
    carrier: str = "sandbox"
    tax_engine: str = "table"
    fraud_screen: str = "rules"
    notifier: str = "ses"
    sender_address: str = ""
    refund_rule: str = "newest"
    """Over which tenders the money of a return goes back: `newest`, `proportional`, `store_credit`.
    """
    checkout_ttl_seconds: int = 900
    """How long an unfinished checkout keeps its stock."""

    def require(self, name: str) -> str:
        """A setting that this function cannot work without; raises RuntimeError naming the
        variable.
        """
        value = getattr(self, name)
        if not value:
            raise RuntimeError(f"the environment variable {name.upper()} is not set")
        return str(value)


NAMES = frozenset(field.name.upper() for field in fields(Settings))
"""The names of all environment variables that are settings."""


@cache
def settings() -> Settings:
    """The settings of this process."""
    given = {
        field.name: (int(value) if field.type == "int" else value)
        for field in fields(Settings)
        if (value := os.environ.get(field.name.upper()))
    }
    return Settings(**given)  # type: ignore[arg-type]
