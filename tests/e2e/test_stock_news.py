"""What a source says by the file changes the books, and who waits for goods hears of it."""

import httpx

from doorstep.domain.stock_file import FileStatus
from doorstep.runtime.views import StockFileView
from local.client import wait_for
from tests.e2e.world import PATIENCE, World


def told(world: World, sku: str, *names: str) -> None:
    """Wait until just these events of a SKU are heard; somebody looks at what moved meanwhile."""

    def heard() -> bool:
        world.runs("allocate-watch")
        found = sorted(world.heard(sku), key=lambda event: event["detail"]["sequence"])
        return [event["detail-type"] for event in found] == list(names)

    world.becomes_true(f"{sku}: {names}", heard)


def test_a_file_of_counts_is_followed_and_what_changed_is_heard(world: World) -> None:
    mug, cup = world.sells({"leipzig": 9}), world.sells({"leipzig": 9})
    told(world, mug, "stock.back_in_stock")
    told(world, cup, "stock.back_in_stock")

    asked = world.admin.await_stock_file("leipzig", "erp", world.number())
    content = f"sku,on_hand\n{mug},0\n{cup},4\nNO-SUCH,1\n".encode()
    assert asked.upload_url
    httpx.put(asked.upload_url, content=content, trust_env=False).raise_for_status()

    def ended() -> StockFileView | None:
        shown = world.admin.stock_file("leipzig", "erp", asked.file.sequence)
        return shown if shown.file.ended else None

    read = wait_for("the file is read", ended, seconds=PATIENCE)
    assert read.file.status is FileStatus.DONE, read.file.fault
    assert read.file.outcomes == {"applied": 2, "refused": 1}
    assert read.result_url
    assert b"there is no product 'NO-SUCH'" in world.opens(read.result_url)
    assert [world.admin.stock(sku).available for sku in (mug, cup)] == [0, 4]

    told(world, mug, "stock.back_in_stock", "stock.out")
    told(world, cup, "stock.back_in_stock", "stock.low")
    world.admin.receive("leipzig", f"receipt-{world.number()}", {mug: 2})
    told(world, mug, "stock.back_in_stock", "stock.out", "stock.back_in_stock")
