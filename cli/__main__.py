"""The command `doorstep`: its nouns, and one clear line instead of a traceback."""

from __future__ import annotations

import sys

import typer

from cli import route, stock
from cli.connection import Unknown, choose
from local.client import Refused, Unreachable

app = typer.Typer(
    help="Look after a deployed Doorstep, over its HTTP API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.callback()(choose)
app.add_typer(stock.app, name="stock")
app.add_typer(route.app, name="route")


def main() -> None:
    """Run the command line of this process."""
    try:
        app(prog_name="doorstep")
    except (Refused, Unreachable, Unknown, TimeoutError) as error:
        typer.echo(f"✗ {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
