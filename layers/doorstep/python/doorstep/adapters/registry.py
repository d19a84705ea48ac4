"""Providers by name: modules of their port's package, imported when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from doorstep.domain.errors import NotFound

if TYPE_CHECKING:
    from doorstep.runtime.settings import Settings

Port_co = TypeVar("Port_co", covariant=True)


class Provider(Protocol[Port_co]):
    """What a provider's module has in it."""

    def build(self, settings: Settings) -> Port_co:
        """The port, answered by this provider."""


def modules(folders: Iterable[str]) -> tuple[str, ...]:
    """The providers in a package, given its `__path__`; an underscore in front hides a module."""
    found = (module.stem for folder in folders for module in Path(folder).glob("*.py"))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def provider(package: str, kind: str, name: str, known: tuple[str, ...]) -> Any:
    """The module `name` of a package; raises NotFound, naming the known ones."""
    if name not in known:
        raise NotFound(f"{kind} (known: {', '.join(known)}) named", name)
    return import_module(f"{package}.{name}")
