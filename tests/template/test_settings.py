"""Every function is given the settings that its code asks for, and none that it does not.

Read off the sources: the ports a function takes from the wiring, and what those require.
"""

import re

import pytest

from tests.template.template import Template
from tests.template.test_functions import FUNCTIONS, handlers

LIBRARY = FUNCTIONS.parent / "layers/doorstep/python/doorstep"
PROVIDERS = {
    "payment_gateway": "payments/sandbox.py",
    "payment_report": "payments/sandbox.py",
    "notifier": "notifications/ses.py",
}
"""The modules that the wiring loads by name, as far as they require settings themselves."""

EVERYWHERE = {"STAGE"}
OPTIONAL = {"STATE_MACHINE_ARN"}
"""Asked for by the workflow port, but needed only to start one."""


@pytest.mark.parametrize("module", sorted(handlers()))
def test_settings_asked_for_are_settings_given(module: str, prod: Template) -> None:
    given = set(prod.functions()[module]["Environment"]["Variables"]) - EVERYWHERE

    assert asked(module) - OPTIONAL == given - OPTIONAL


def asked(module: str) -> set[str]:
    source = (FUNCTIONS / f"{module.replace('.', '/')}.py").read_text()
    for helper in ("access", "webhook"):
        if f"doorstep.runtime.{helper} " in source:
            source += (LIBRARY / f"runtime/{helper}.py").read_text()
    return required(source).union(*(port(name) for name in wired(source)))


def port(name: str) -> set[str]:
    """What a function of the wiring requires, also through others of them."""
    source = wiring()[name]
    if name in PROVIDERS:
        source += (LIBRARY / "adapters" / PROVIDERS[name]).read_text()
    others = {other for other in wiring() if other != name and f"{other}(" in source}
    return required(source).union(*(port(other) for other in others))


def wiring() -> dict[str, str]:
    """The functions of the wiring with their sources."""
    source = (LIBRARY / "runtime/wiring.py").read_text()
    parts = re.split(r"^def (\w+)", source, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def wired(source: str) -> set[str]:
    return set(re.findall(r"\bwiring\.(\w+)", source)) & set(wiring())


def required(source: str) -> set[str]:
    return {name.upper() for name in re.findall(r"""\.require\(\s*"(\w+)"\)""", source)}
