"""How answers are shown: tables for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def as_json(answer: BaseModel | Sequence[BaseModel]) -> None:
    """Print what the API answered."""
    one: Any = (
        answer.model_dump(mode="json")
        if isinstance(answer, BaseModel)
        else [item.model_dump(mode="json") for item in answer]
    )
    typer.echo(json.dumps(one, indent=2))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under headings, as wide as they are; numbers to the right."""
    listed = [list(row) for row in rows]
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column, heading in enumerate(headings):
        numbers = bool(listed) and all(isinstance(row[column], int) for row in listed)
        shown.add_column(heading, justify="right" if numbers else "left", no_wrap=True)
    for row in listed:
        shown.add_row(*(str(cell) for cell in row))
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 200
    console.print(shown)
