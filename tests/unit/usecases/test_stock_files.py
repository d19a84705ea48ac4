"""Stock news by the file: read in turns, line by line, whatever is in it."""

import csv
from collections.abc import Sequence
from io import StringIO

import pytest

from doorstep.domain.errors import IdempotencyKeyReused, NotFound, ProviderUnavailable
from doorstep.domain.papers import Paper
from doorstep.domain.stock import Guard, Heard, Movement
from doorstep.domain.stock_file import MAX_BYTES, FileStatus, StockFile
from doorstep.usecases import stock_files
from doorstep.usecases.stock_files import WantedStockFile, await_file, read_file
from tests.contract.fakes_orders import FakeStock
from tests.shop import Shop

KEY = "stock-files/BERLIN/erp/{}.csv"


def awaits(shop: Shop, sequence: int = 1, location_id: str = "BERLIN") -> StockFile:
    wanted = WantedStockFile(source="erp", sequence=sequence)
    common = {"catalog": shop.catalog, "stock": shop.stock, "clock": shop.clock}
    return await_file(location_id, wanted, **common)


def comes(
    shop: Shop, content: str | bytes, sequence: int = 1, stock: FakeStock | None = None
) -> StockFile:
    """A file is put in its place, and somebody reads a turn of it."""
    raw = content.encode() if isinstance(content, str) else content
    key = KEY.format(sequence)
    shop.documents.put(key, raw, "text/csv")
    return read_file(
        key,
        len(raw),
        catalog=shop.catalog,
        stock=stock or shop.stock,
        files=shop.documents,
        clock=shop.clock,
    )


def result(shop: Shop, file: StockFile) -> dict[int, list[str]]:
    """SKU, outcome and detail by line, of the lines that need a look."""
    text = shop.documents.get(file.result_key).decode()
    header, *rows = csv.reader(StringIO(text))
    assert header == ["line", "sku", "outcome", "detail"]
    return {int(number): told for number, *told in rows}


def test_a_file_of_counts_is_followed(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    shop.sells("CUP", BERLIN=5)
    assert awaits(shop).status is FileStatus.AWAITED
    file = comes(shop, "sku,on_hand\nMUG,7\nCUP,5\n")
    assert (file.status, file.lines) == (FileStatus.DONE, 2)
    assert file.outcomes == {"applied": 1, "unchanged": 1}
    assert file.parts == ()
    assert (shop.left("MUG"), shop.left("CUP")) == ((7, 0), (5, 0))
    shop.check()


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfsku,on_hand\r\nMUG,7\r\n",
        b"SKU, On_Hand\n\n MUG , 7 \n,\n",
        b'"sku","on_hand"\n"MUG","7"',
        b"sku,change,on_hand\nMUG,4,\n",
        b"sku,sequence,on_hand\nMUG,12,7\n",
    ],
)
def test_it_is_read_as_programs_write_it(shop: Shop, content: bytes) -> None:
    shop.sells("MUG", BERLIN=3)
    file = comes(shop, content)
    assert (file.status, dict(file.outcomes)) == (FileStatus.DONE, {"applied": 1})
    assert shop.left("MUG") == (7, 0)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "file: the header: it must name sku, and on_hand or change"),
        (b"sku,on_hand\n", "file: there is no line in it but the header"),
        (b"sku;on_hand\nMUG;7\n", "'sku;on_hand' is not one of sku, on_hand, change, sequence"),
        (b"sku,stock\nMUG,7\n", "'stock' is not one of"),
        (b"sku,sku,on_hand\nMUG,MUG,7\n", "'sku' is there twice"),
        (b"on_hand\n7\n", "it must name sku"),
        (b"sku,on_hand\nMUG,7\nM\xfcG,8\n", "file: not UTF-8: line 3"),
        (b'sku,on_hand\n"MUG,7\n', "file: not CSV: line 2"),
    ],
)
def test_what_is_no_such_file_is_refused_whole(shop: Shop, content: bytes, fault: str) -> None:
    shop.sells("MUG", BERLIN=3)
    file = comes(shop, content)
    assert file.status is FileStatus.REFUSED
    assert fault in file.fault
    assert shop.left("MUG") == (3, 0)


def test_a_huge_file_is_refused_unread(shop: Shop) -> None:
    common = {"catalog": shop.catalog, "stock": shop.stock, "clock": shop.clock}
    file = read_file(KEY.format(1), MAX_BYTES + 1, files=shop.documents, **common)
    assert (file.status, file.fault) == (
        FileStatus.REFUSED,
        "file: 5,000,001 bytes; 5,000,000 at the most",
    )


def test_an_unknown_place_is_refused(shop: Shop) -> None:
    with pytest.raises(NotFound):
        awaits(shop, location_id="ATLANTIS")
    shop.documents.put("stock-files/ATLANTIS/erp/1.csv", b"sku,on_hand\nMUG,7\n", "text/csv")
    common = {"catalog": shop.catalog, "stock": shop.stock, "clock": shop.clock}
    file = read_file("stock-files/ATLANTIS/erp/1.csv", 20, files=shop.documents, **common)
    assert (file.status, file.fault) == (FileStatus.REFUSED, "There is no location 'ATLANTIS'.")


@pytest.mark.parametrize(
    "key",
    [
        "stock-files/BERLIN/1.csv",
        "stock-files/BERLIN/erp/one.csv",
        "stock-files/BERLIN/erp/01.csv",
        "labels/A/B/1.csv",
    ],
)
def test_what_lies_elsewhere_is_not_read(shop: Shop, key: str) -> None:
    common = {"catalog": shop.catalog, "stock": shop.stock, "clock": shop.clock}
    with pytest.raises(ValueError, match="not the place of a stock file"):
        read_file(key, 20, files=shop.documents, **common)


def test_each_faulty_line_is_told_and_the_others_are_followed(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    shop.sells("CUP", BERLIN=5)
    shop.buys(("CUP", 4))
    lines = ("sku,on_hand,change", "MUG,7,", "NO-SUCH,1,", "MUG,8,", "CUP,1,", "CUP#,1,", ",1,")
    more = ("A,-1,", "B,1,1", "C,,", "D,many,", "E,1", f"F,{10**12},")
    file = comes(shop, "\n".join((*lines, *more)))
    assert file.outcomes == {"applied": 1, "partly": 1, "refused": 10}
    assert file.status is FileStatus.DONE
    told = result(shop, file)
    assert sorted(told) == list(range(3, 14))
    assert told[3] == ["NO-SUCH", "refused", "there is no product 'NO-SUCH'"]
    assert told[4][2] == "line 2 has said something of this SKU already"
    assert told[5] == [
        "CUP",
        "partly",
        "3 units that are gone are promised, and stay in the books",
    ]
    assert told[8][2] == "on_hand: Input should be greater than or equal to 0"
    assert "give either on_hand or change" in told[9][2]
    assert told[12][2] == "2 cells under 3 columns"
    assert (shop.left("MUG"), shop.left("CUP")) == ((7, 0), (0, 4))
    shop.check()


def test_a_late_file_does_not_overwrite_a_newer_one(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    comes(shop, "sku,on_hand\nMUG,7\n", sequence=2)
    late = comes(shop, "sku,on_hand\nMUG,99\n", sequence=1)
    assert late.outcomes == {"stale": 1}
    assert result(shop, late) == {2: ["MUG", "stale", "something as new, or newer, is known"]}
    assert shop.left("MUG") == (7, 0)


def test_a_file_that_was_read_is_not_read_again(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    done = comes(shop, "sku,change\nMUG,2\n")
    assert comes(shop, "sku,change\nMUG,2\n") == done
    assert comes(shop, "sku,change\nMUG,50\n") == done
    with pytest.raises(IdempotencyKeyReused):
        awaits(shop)
    assert shop.left("MUG") == (5, 0)


def many(shop: Shop, count: int) -> str:
    for number in range(count):
        shop.sells(f"SKU-{number}")
    return "sku,on_hand\n" + "".join(f"SKU-{number},{number + 1}\n" for number in range(count))


@pytest.fixture
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock_files, "LINES", 4)
    monkeypatch.setattr(stock_files, "PARTS_A_TURN", 2)


@pytest.mark.usefixtures("short_turns")
def test_a_long_file_is_read_in_turns(shop: Shop) -> None:
    content = many(shop, 18) + "NO-SUCH,1\n"
    turns = [comes(shop, content) for _ in range(3)]
    assert [(file.status.value, file.lines) for file in turns] == [
        ("reading", 8),
        ("reading", 16),
        ("done", 19),
    ]
    assert turns[-1].outcomes == {"applied": 18, "refused": 1}
    assert result(shop, turns[-1]) == {20: ["NO-SUCH", "refused", "there is no product 'NO-SUCH'"]}
    assert shop.left("SKU-17") == (18, 0)


@pytest.mark.usefixtures("short_turns")
def test_who_was_stopped_goes_on_where_they_stopped(shop: Shop) -> None:
    content = many(shop, 6)

    class Dying(FakeStock):
        """Gone as soon as the sixth SKU is to be counted."""

        def move(
            self, *movements: Movement, guards: Sequence[Guard] = (), paper: Paper | None = None
        ) -> bool:
            if any(isinstance(guard, Heard) and guard.sku == "SKU-5" for guard in guards):
                raise ProviderUnavailable("gone")
            return super().move(*movements, guards=guards, paper=paper)

    with pytest.raises(ProviderUnavailable):
        comes(shop, content, stock=Dying(shop.memory))
    assert shop.stock.stock_file("BERLIN", "erp", 1).lines == 4
    file = comes(shop, content)
    assert (file.status, file.lines) == (FileStatus.DONE, 6)
    assert file.outcomes == {"applied": 5, "stale": 1}
    assert [shop.left(f"SKU-{number}") for number in range(6)] == [
        (number + 1, 0) for number in range(6)
    ]


@pytest.mark.usefixtures("short_turns")
def test_a_file_that_is_replaced_while_it_is_read_is_read_no_further(shop: Shop) -> None:
    content = many(shop, 12)
    assert comes(shop, content).lines == 8
    file = comes(shop, content.replace("SKU-11,12", "SKU-11,99"))
    assert file.status is FileStatus.REFUSED
    assert file.fault == "file: another one came under this name while it was read"
    assert file.lines == 8
    assert shop.left("SKU-11") == (0, 0)
