"""docs/sandbox.md knows every token, code and rule of the sandboxes, and invents none."""

import re
from pathlib import Path

from doorstep.adapters.carriers.sandbox import STATUSES, SandboxCarrier
from doorstep.adapters.fraud import rules
from doorstep.adapters.payments.sandbox import Token
from doorstep.runtime.settings import Settings

PAGE = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|")
]


def test_every_payment_token() -> None:
    described = {row[0].strip("`") for row in ROWS if row[0].startswith("`tok_")}
    assert described == set(Token)


def test_every_code_of_the_carrier_and_its_status() -> None:
    described = {
        code: row[1] for row in ROWS for code in re.findall(r"`(\w+)`", row[0]) if len(row) == 2
    }
    assert described == {code: str(status) for code, status in STATUSES.items()}


def test_every_fraud_rule_and_its_score() -> None:
    numbers = rules.build(Settings())._numbers
    described = {row[0].strip("`"): row[1] for row in ROWS if row[1].isdigit()}
    assert described == {
        name: str(rule["score"]) for name, rule in numbers.items() if name != "review_from"
    }


def test_the_callback_in_the_page_is_one() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (news,) = SandboxCarrier().parse(example.encode())
    assert news.tracking.key == "optional"
