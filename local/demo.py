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
from local.embedded import HOME, EmbeddedAws, EmbeddedAwsError
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
    table = Table(box=None, pad_edge=False)
    for heading in ("order", "goods", "money"):
        table.add_column(heading, no_wrap=True)
    for order_id, what in story.orders.items():
        order = story.service.order(order_id)
        payment = order.payments[0]
        back = f", {money(payment.refunded)} back" if payment.refunded else ""
        goods = f"{order.status}, {order.fulfillment.replace('_', ' ')}"
        table.add_row(what, goods, f"{money(payment.captured)}{back}")
    newest = next(reversed(story.orders))
    parcel = story.service.order(newest).shipments[0].shipment_id
    console.print(f"\n[bold]After {seconds:.0f} seconds[/bold]")
    console.print(table)
    console.print(
        f"""
[bold]Look around[/bold]
The API      {story.outputs.api_url}
Described    {story.outputs.api_url}/openapi.json
Its AWS      {story.outputs.endpoint}  (AWS_ENDPOINT_URL; region us-east-1, any key)
Mail sent    {story.outputs.endpoint}/_ministack/ses/messages
API keys     {HOME / "access.json"}

[bold]Ask[/bold]
API='{story.outputs.api_url}'
KEY='Authorization: Bearer {story.access.keys["service"]}'
curl -s -H "$KEY" "$API/orders/{newest}"
curl -s -H "$KEY" "$API/shipments/{parcel}/label"
curl -s -H "$KEY" "$API/work-items"
curl -s -H "$KEY" "$API/stock/MUG-STONE-2"
.venv/bin/doorstep stock show MUG-STONE-2""",
        soft_wrap=True,
    )


def _stay(aws: EmbeddedAws) -> None:
    console.print("\nIt all keeps running. [bold]Ctrl-C ends it.[/bold]")
    while aws.alive():
        time.sleep(_LOOK_SECONDS)
    raise EmbeddedAwsError(f"The embedded AWS has ended. See {aws.log}")


if __name__ == "__main__":
    main()
