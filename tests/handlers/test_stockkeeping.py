"""What locations say of their goods, over HTTP and from the queue."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from doorstep.adapters import aws
from doorstep.adapters.dynamo import keys
from doorstep.runtime import wiring
from doorstep.usecases import stock_files
from functions.allocate import (
    papers_api,
    reconcile,
    stock_api,
    stock_feed,
    stock_file,
    stockkeeping_api,
    watch,
)
from functions.events import publish, republish
from tests import builders as a
from tests.handlers.cloud import Cloud, Context, call, consume

ADJUSTMENT = {"adjustment_id": "A1", "sku": "MUG", "change": -2, "reason": "lost"}


def available() -> int:
    levels: int = call(stock_api, "GET", "/stock/MUG").body["available"]
    return levels


@pytest.mark.usefixtures("shop")
def test_stock_is_adjusted_set_aside_and_kept_back() -> None:
    path = "/locations/BERLIN"
    for _ in range(2):
        assert call(stockkeeping_api, "POST", f"{path}/adjustments", ADJUSTMENT).status == 201
    assert available() == 3
    move = {"move_id": "Q1", "sku": "MUG", "quantity": 1, "from": "sellable", "to": "damaged"}
    move |= {"reason": "chipped"}
    assert call(stockkeeping_api, "POST", f"{path}/quality-moves", move).body["available"] == 2
    safety = {"units": 1, "reason": "holidays"}
    kept = call(stockkeeping_api, "PUT", f"{path}/safety-stock/MUG", safety)
    assert (kept.status, kept.body["available"]) == (200, 1)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("path", "body", "status", "fault"),
    [
        ("BERLIN/adjustments", ADJUSTMENT | {"change": -6}, 422, None),
        ("BERLIN/adjustments", ADJUSTMENT | {"change": 0}, 422, "change"),
        ("BERLIN/adjustments", ADJUSTMENT | {"change": 10**12}, 422, "change"),
        ("BERLIN/adjustments", ADJUSTMENT | {"reason": "no idea"}, 422, "reason"),
        ("BERLIN/adjustments", ADJUSTMENT | {"sku": "CUP"}, 422, "sku"),
        ("ATLANTIS/adjustments", ADJUSTMENT, 404, None),
        ("BERLIN/receipts", {"receipt_id": "R2", "goods": []}, 422, "goods"),
        ("BERLIN/stock-feeds/wms", [], 422, ""),
        ("BERLIN/stock-feeds/wms", [{"sku": "MUG", "sequence": 1}], 422, "0"),
        (
            "BERLIN/stock-feeds/wms",
            [{"sku": "MUG", "sequence": -1, "on_hand": 1}],
            422,
            "0.sequence",
        ),
        (
            "BERLIN/stock-feeds/wms",
            [{"sku": "MUG", "sequence": 1, "on_hand": -1}],
            422,
            "0.on_hand",
        ),
        ("BERLIN/stock-feeds/wms", [{"sku": "CUP", "sequence": 1, "on_hand": 1}], 422, "0.sku"),
    ],
)
def test_what_makes_no_sense_is_told_and_changes_nothing(
    path: str, body: Any, status: int, fault: str | None
) -> None:
    answer = call(stockkeeping_api, "POST", f"/locations/{path}", body)
    assert answer.status == status
    if fault is not None:
        assert [one["path"] for one in answer.body["faults"]] == [fault]
    assert available() == 5


@pytest.mark.usefixtures("shop")
def test_a_feed_is_followed_over_http_and_from_the_queue() -> None:
    entries = [{"sku": "MUG", "sequence": 7, "on_hand": 9}]
    answer = call(stockkeeping_api, "POST", "/locations/BERLIN/stock-feeds/wms", entries)
    assert answer.status == 200
    assert answer.body == [
        {"sku": "MUG", "sequence": 7, "outcome": "applied", "on_hand": 9, "outstanding": 0}
    ]
    late = {"sku": "MUG", "sequence": 6, "on_hand": 1}
    newer = {"sku": "MUG", "sequence": 8, "change": -1}
    feed = {"source": "wms", "location_id": "BERLIN", "entries": [late, newer]}
    assert consume(stock_feed, json.dumps(feed)) == []
    assert available() == 8


@pytest.mark.usefixtures("shop")
def test_a_feed_for_an_unknown_place_ends_among_the_dead_letters() -> None:
    entries = [{"sku": "MUG", "sequence": 7, "on_hand": 9}]
    feed = {"source": "wms", "location_id": "ATLANTIS", "entries": entries}
    assert len(consume(stock_feed, json.dumps(feed))) == 1


@pytest.mark.usefixtures("shop")
def test_goods_are_transferred() -> None:
    goods = [{"sku": "MUG", "quantity": 2}]
    transfer = {"transfer_id": "T1", "from": "BERLIN", "to": "HAMBURG", "goods": goods}
    assert call(papers_api, "POST", "/transfers", transfer).status == 201
    assert call(papers_api, "GET", "/transfers/T1").body["status"] == "in_transit"
    berlin = {"role": "warehouse", "scope": "BERLIN"}
    counts = {"received": {"MUG": 1}}
    assert call(papers_api, "POST", "/transfers/T1/receive", counts, **berlin).status == 404
    assert call(papers_api, "POST", "/transfers/T1/receive", counts).body["status"] == "received"
    assert available() == 4


@pytest.mark.usefixtures("shop")
def test_a_location_counts_its_stock() -> None:
    path = "/locations/BERLIN/counts"
    assert call(papers_api, "POST", path, {"count_id": "C1", "skus": ["MUG"]}).status == 201
    found = {"counted": 4}
    assert call(papers_api, "PUT", f"{path}/C1/lines/MUG", found).status == 200
    assert call(papers_api, "POST", f"{path}/C1/close").status == 422
    call(papers_api, "PUT", f"{path}/C1/lines/MUG", found | {"reason": "one is lost"})
    assert call(papers_api, "POST", f"{path}/C1/close").body["status"] == "closed"
    assert call(papers_api, "GET", f"{path}/C1").body["lines"][0]["booked"] == -1
    assert available() == 4


@pytest.mark.usefixtures("shop")
def test_only_those_who_keep_stock_change_it() -> None:
    for role in ("storefront", "customer", "agent"):
        answer = call(
            stockkeeping_api, "POST", "/locations/BERLIN/adjustments", ADJUSTMENT, role=role
        )
        assert answer.status == 403


@pytest.mark.usefixtures("shop")
def test_the_reconciler_counts_what_drifted_and_an_admin_mends_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = datetime.now(UTC) + timedelta(minutes=1)
    monkeypatch.setattr(wiring, "clock", lambda: later)
    reconcile.handler({}, Context())
    assert '"StockDrift":[0.0]' in capsys.readouterr().out.replace(" ", "")
    key = keys.location_level("MUG", "BERLIN")
    aws.client("dynamodb").update_item(
        TableName="doorstep",
        Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}},
        UpdateExpression="ADD on_hand :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    assert call(stock_api, "GET", "/stock/MUG/audit").body["sound"] is False
    assert call(stock_api, "POST", "/stock/MUG/repair", role="warehouse").status == 403
    (mended,) = call(stock_api, "POST", "/stock/MUG/repair").body
    assert (mended["counter"], mended["level"], mended["ledger"]) == ("on_hand", 6, 5)
    assert call(stock_api, "GET", "/stock/MUG/audit").body["sound"] is True


def test_a_change_of_stock_is_told_on_the_bus(shop: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    later = datetime.now(UTC) + timedelta(minutes=1)
    monkeypatch.setattr(wiring, "clock", lambda: later)
    assert call(stock_api, "GET", "/stock/MUG/standing").body["state"] == "out_of_stock"
    for _ in range(2):
        watch.handler({}, Context())
    standing = call(stock_api, "GET", "/stock/MUG/standing").body
    assert (standing["state"], standing["faults"], standing["work_item"]) == ("low_stock", [], None)
    ((record),) = shop.stream("SKU#MUG")["Records"]
    published: list[Any] = []
    monkeypatch.setattr(wiring, "publish", lambda entries: published.extend(entries) or [])
    publish.handler({"Records": [record]}, Context())
    (entry,) = published
    assert entry["name"] == "stock.back_in_stock"
    told = json.loads(entry["detail"])
    assert (told["sku"], told["sequence"], told["data"]["available"]) == ("MUG", 1, 5)
    assert standing["events"] == [told]
    once_more = {"sequences": [1]}
    again = call(republish, "POST", "/stock/MUG/republish", once_more)
    assert again.body == {"events": {"1": "stock.back_in_stock"}}
    assert json.loads(published[1]["detail"]) == told
    assert call(republish, "POST", "/stock/MUG/republish", once_more, role="agent").status == 403
    assert call(republish, "POST", "/stock/CUP/republish", once_more).status == 404


def put(cloud: Cloud, key: str, content: bytes) -> str:
    """A file comes into the inbox; answers what S3 says of it."""
    cloud.client("s3").put_object(Bucket="inbox", Key=key, Body=content)
    return json.dumps(
        {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {"bucket": {"name": "inbox"}, "object": {"key": key, "size": len(content)}},
        }
    )


def test_a_file_of_stock_news_is_awaited_read_and_told_of(shop: Cloud) -> None:
    path = "/locations/BERLIN/stock-files"
    awaited = call(stockkeeping_api, "POST", path, {"source": "erp", "sequence": 7})
    assert (awaited.status, awaited.body["file"]["status"]) == (201, "awaited")
    assert "/stock-files/BERLIN/erp/7.csv?" in awaited.body["upload_url"]
    said = put(shop, "stock-files/BERLIN/erp/7.csv", b"sku,on_hand\nMUG,9\nCUP,1\n")
    for _ in range(2):
        assert consume(stock_file, said) == []
    shown = call(stockkeeping_api, "GET", f"{path}/erp/7").body
    assert (shown["file"]["status"], shown["file"]["lines"]) == ("done", 2)
    assert shown["file"]["outcomes"] == {"applied": 1, "refused": 1}
    assert "/stock-results/BERLIN/erp/7.csv?" in shown["result_url"]
    assert available() == 9
    again = call(stockkeeping_api, "POST", path, {"source": "erp", "sequence": 7})
    assert (again.status, again.body["type"].rpartition(":")[2]) == (409, "idempotency-key-reused")
    assert call(stockkeeping_api, "GET", f"{path}/erp/8").status == 404


def test_a_long_file_asks_for_another_turn(shop: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock_files, "LINES", 2)
    monkeypatch.setattr(stock_files, "PARTS_A_TURN", 1)
    said = put(shop, "stock-files/BERLIN/erp/1.csv", b"sku,on_hand\nA,1\nB,1\nMUG,9\n")
    assert consume(stock_file, said) == []
    (turn,) = shop.messages("stock_file")
    assert consume(stock_file, json.dumps(turn)) == []
    assert shop.messages("stock_file") == []
    assert available() == 9


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("ATLANTIS/stock-files", {"source": "erp", "sequence": 1}, 404),
        ("BERLIN/stock-files", {"source": "../erp", "sequence": 1}, 422),
        ("BERLIN/stock-files", {"source": "erp", "sequence": -1}, 422),
        ("BERLIN/stock-files", {"source": "erp"}, 422),
    ],
)
def test_a_file_that_cannot_be_is_not_awaited(path: str, body: Any, status: int) -> None:
    assert call(stockkeeping_api, "POST", f"/locations/{path}", body).status == status


def test_what_does_not_lie_where_files_do_is_a_dead_letter(shop: Cloud) -> None:
    assert consume(stock_file, put(shop, "stock-files/readme.txt", b"hello")) == ["m0"]


@pytest.mark.parametrize(
    ("path", "absurd", "fault"),
    [
        ("/locations/BERLIN", {"daily_capacity": 0}, "daily_capacity"),
        ("/locations/BERLIN", {"daily_capacity": -3}, "daily_capacity"),
        ("/locations/BERLIN", {"daily_capacity": 10**9}, "daily_capacity"),
        ("/locations/BERLIN", {"daily_capacity": "all"}, "daily_capacity"),
        ("/delivery-options/standard", {"transit": [{"days": -1}]}, "transit.0.days"),
        ("/delivery-options/standard", {"kind": "same_day"}, "windows"),
        ("/delivery-options/standard", {"delivers_on": [8]}, "delivers_on.0"),
    ],
)
def test_an_absurd_capacity_or_window_is_refused_at_its_place_and_changes_nothing(
    shop: Cloud, path: str, absurd: dict[str, Any], fault: str
) -> None:
    known = a.location("BERLIN") if "locations" in path else a.delivery()
    before = shop.rows()
    answer = call(stock_api, "PUT", path, known.model_dump(mode="json") | absurd)
    assert (answer.status, [one["path"] for one in answer.body["faults"]]) == (422, [fault])
    assert shop.rows() == before
