"""`make demo`: Doorstep on this machine, and orders from the checkout to the doorstep as you watch.

Stays up, to be looked around in, until Ctrl-C; with ONCE=1 it ends by itself.
"""

from __future__ import annotations

import os
import time

from rich.table import Table

from local.access import access
from local.chapters import CHAPTERS
from local.command import command, port
from local.embedded import EmbeddedAws, EmbeddedAwsError
from local.narrate import money
from local.progress import console, step
from local.seed import catalog, seed
from local.story import Story
from local.up import deploy

_LOOK_SECONDS = 0.5


@command
def main() -> None:
    began = time.monotonic()
    aws = EmbeddedAws(port())
    try:
        with step(f"Booting the embedded AWS on {aws.endpoint}"):
            aws.start()
        with Story(deploy(aws), access(aws.home)) as story:
            goods = catalog()
            what = f"{len(goods.products)} products and {len(goods.locations)} places"
            with step(f"Seeding {what} through the API"):
                seed(goods, story.admin)
            for number, tell in enumerate(CHAPTERS, start=1):
                console.print(f"\n[bold]{number}. {tell.__doc__}[/bold]")
                tell(story)
            _sum_up(story, time.monotonic() - began)
            if not os.environ.get("ONCE"):
                _stay(aws)
    finally:
        aws.stop()


def _sum_up(story: Story, seconds: float) -> None:
    """What became of the orders, and where to look."""
    table = Table(title=f"After {seconds:.0f} seconds", title_justify="left")
    for heading in ("order", "what", "status", "goods", "money", "returns", "captured", "back"):
        table.add_column(heading)
    for order_id, what in story.orders.items():
        order = story.service.order(order_id)
        payment = order.payments[0]
        states = (order.status, order.fulfillment, order.payment, order.returning)
        amounts = (money(payment.captured), money(payment.refunded))
        table.add_row(order_id, what, *(state.replace("_", " ") for state in states), *amounts)
    console.print()
    console.print(table)
    url, key = story.outputs.api_url, story.access.keys["service"]
    newest = next(reversed(story.orders))
    parcel = story.service.order(newest).shipments[0].shipment_id
    console.print(
        f"""
[bold]Look around[/bold]
The API        {url}
Its description {url}/openapi.json
AWS            {story.outputs.endpoint}  (AWS_ENDPOINT_URL; any key, region us-east-1)
Mail sent      {story.outputs.endpoint}/_ministack/ses/messages
Keys           .doorstep/access.json, by caller

[bold]Ask[/bold]
KEY='{key}'
curl -s -H "Authorization: Bearer $KEY" {url}/orders/{newest}
curl -s -H "Authorization: Bearer $KEY" {url}/work-items
curl -s -H "Authorization: Bearer $KEY" {url}/stock/MUG-STONE-2
curl -s -H "Authorization: Bearer $KEY" {url}/shipments/{parcel}/label""",
        soft_wrap=True,
    )


def _stay(aws: EmbeddedAws) -> None:
    console.print("\nIt all keeps running. [bold]Ctrl-C ends it.[/bold]")
    while aws.alive():
        time.sleep(_LOOK_SECONDS)
    raise EmbeddedAwsError(f"The embedded AWS has ended. See {aws.log}")


if __name__ == "__main__":
    main()
