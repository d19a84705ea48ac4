"""Says what is being done, and how long it took, on a terminal or in a log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

console = Console(highlight=False)
if not console.is_terminal:
    console.width = 100  # a log is as wide as the code


@contextmanager
def step(text: str) -> Iterator[None]:
    """Show `text` with a spinner while the block runs, and its seconds once it is done."""
    began = time.monotonic()
    with console.status(f"{text} …"):
        yield
    console.print(f"[green]✓[/green] {text} [dim]{time.monotonic() - began:.1f} s[/dim]")
