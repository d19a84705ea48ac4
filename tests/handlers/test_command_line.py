"""`doorstep` against the functions themselves: what an operator types and reads."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from cli import connection
from cli.__main__ import app, main
from doorstep.adapters import aws
from doorstep.adapters.dynamo import keys
from doorstep.runtime import wiring
from functions.allocate import reconcile, stock_api, stock_file, stockkeeping_api
from functions.checkout import api as orders_api
from local.client import Doorstep, Refused
from tests.handlers.cloud import Context, call, consume

Type = Callable[..., Result]


def answer(request: httpx.Request) -> httpx.Response:
    """Carry a request to the function that has its route."""
    path = request.url.path
    if request.url.host != "api":
        return store(path.partition("stock-files/")[2], request.content)
    body = json.loads(request.content) if request.content else None
    module = orders_api if path == "/work-items" else stock_api
    module = stockkeeping_api if "/stock-files" in path else module
    found = call(module, request.method, request.url.path, body)
    return httpx.Response(found.status, json=found.body, headers=found.headers)


def store(place: str, content: bytes) -> httpx.Response:
    """Keep a file as S3 would, which says so."""
    key = f"stock-files/{place}"
    aws.client("s3").put_object(Bucket="inbox", Key=key, Body=content)
    came = {"detail": {"object": {"key": key, "size": len(content)}}}
    assert consume(stock_file, json.dumps(came)) == []
    return httpx.Response(200)


@pytest.fixture
def typed(shop: Any) -> Type:  # noqa: ARG001
    """Type a command and see what is printed; refusals are raised."""

    def run(*words: str) -> Result:
        transport = httpx.MockTransport(answer)
        result = CliRunner().invoke(
            app, words, obj=lambda: Doorstep("http://api", "key", transport)
        )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def lose_a_mug() -> None:
    """A level changes without a movement."""
    key = keys.location_level("MUG", "BERLIN")
    aws.client("dynamodb").update_item(
        TableName="doorstep",
        Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}},
        UpdateExpression="ADD on_hand :less",
        ExpressionAttributeValues={":less": {"N": "-1"}},
    )


def test_stock_is_shown_by_location(typed: Type) -> None:
    result = typed("stock", "show", "MUG")
    assert result.exit_code == 0
    assert "MUG: 5 for sale, 0 held for orders; out of stock\n" in result.stdout
    berlin = next(line for line in result.stdout.splitlines() if line.startswith("BERLIN"))
    assert berlin.split() == ["BERLIN", "5", "5", "0", "0", "0", "0"]


def test_stock_is_shown_to_programs(typed: Type) -> None:
    shown = json.loads(typed("stock", "show", "MUG", "--json").stdout)
    assert (shown["sku"], shown["available"]) == ("MUG", 5)


def test_an_audit_finds_what_does_not_add_up_and_a_repair_mends_it(typed: Type) -> None:
    assert typed("stock", "audit", "MUG").stdout == "MUG: sound\n"
    lose_a_mug()
    found = typed("stock", "audit", "MUG")
    assert found.exit_code == 1
    assert "MUG: does not add up" in found.stdout
    assert ["BERLIN", "on_hand", "4", "5"] in [line.split() for line in found.stdout.splitlines()]
    assert typed("stock", "repair", "MUG").stdout.startswith("MUG: mended\n")
    assert typed("stock", "audit", "MUG", "--json").exit_code == 0
    assert typed("stock", "repair", "MUG").stdout == "MUG: nothing to mend\n"


def test_an_audit_of_nothing_in_particular_takes_what_the_reconciler_found(
    typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert typed("stock", "audit").stdout == "nothing is found that does not add up\n"
    lose_a_mug()
    later = datetime.now(UTC) + timedelta(minutes=1)
    monkeypatch.setattr(wiring, "clock", lambda: later)
    reconcile.handler({}, Context())
    assert typed("stock", "audit").stdout.startswith("MUG: does not add up\n")
    typed("stock", "repair", "MUG")
    assert typed("stock", "audit").exit_code == 0


def test_a_file_of_stock_news_is_uploaded_and_its_outcome_told(typed: Type, tmp_path: Path) -> None:
    counts = tmp_path / "counts.csv"
    counts.write_text("sku,on_hand\nMUG,9\n")
    told = typed("stock", "upload", "BERLIN", "erp", "1", str(counts))
    assert (told.exit_code, told.stdout) == (0, "counts.csv: 1 applied\n")
    assert "MUG: 9 for sale" in typed("stock", "show", "MUG").stdout
    counts.write_text("sku,on_hand\nMUG,8\nCUP,1\n")
    told = typed("stock", "upload", "BERLIN", "erp", "2", str(counts))
    assert told.exit_code == 1
    assert told.stdout.startswith("counts.csv: 1 applied, 1 refused\nLines that need a look: http")
    counts.write_text("sku;on_hand\n")
    told = typed("stock", "upload", "BERLIN", "erp", "3", str(counts))
    assert (told.exit_code, "is not one of" in told.stdout) == (1, True)


def test_a_refusal_names_its_faults(typed: Type) -> None:
    with pytest.raises(Refused, match=r"^404 Not found: "):
        typed("stock", "show", "NO-SUCH")


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr("sys.argv", ["doorstep", *words])
    main()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("stock", "show", "MUG"), "✗ No Doorstep is known. Say which: --url and --key"),
        (("--url", "https://oms", "stock", "show", "MUG"), "✗ A key for https://oms is missing."),
    ],
)
def test_where_doorstep_is_must_be_known(
    words: tuple[str, ...],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(connection, "HOME", tmp_path)
    for name in ("DOORSTEP_URL", "DOORSTEP_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, *words)
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith(told)
