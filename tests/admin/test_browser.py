"""Staff hand a file in, look at what it would do, confirm it and mend what was rejected, in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loyalty.models import EarningRule
from members.models import User
from orders.models import Order, OrderImport
from tests.browser import DESK, MARKS, TOO_WIDE

SAMPLE = Path(__file__).parent.parent / "data" / "samples" / "youzan_orders.csv"
UPLOAD = "/admin/orders/orderimport/upload/"

pytestmark = MARKS


@pytest.fixture
def desk(open_page: Callable[..., Any], settings: Any, tmp_path: Path) -> Any:
    """Return a page of the back office with the merchant signed in, as he does it."""
    settings.MEDIA_ROOT = tmp_path
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    User.objects.create_superuser("merchant", password="a word of his")
    page = open_page(viewport=DESK)
    page.goto("/admin/")
    page.fill("[name=username]", "merchant")
    page.fill("[name=password]", "a word of his")
    page.click("button[type=submit]")
    return page


def test_from_the_file_to_the_report(desk: Any, tmp_path: Path) -> None:
    desk.goto(UPLOAD)
    desk.set_input_files("input[type=file]", [str(SAMPLE)])
    assert desk.locator(".jf-drop output").inner_text() == "youzan_orders.csv"
    desk.get_by_role("button", name="读取并预览").click()

    desk.get_by_text("导入后的结果").wait_for()
    foreseen = desk.locator(".jf-figure", has_text="将发放积分").locator("strong").inner_text()
    assert Order.objects.count() == 0
    desk.get_by_role("button", name="确认导入").click()

    desk.locator(".jf-figure", has_text="发放积分").wait_for()
    done = OrderImport.objects.get()
    assert (done.state, f"{done.points:,}") == ("DONE", foreseen)
    assert Order.objects.count() == done.new == 26
    with desk.expect_download() as download:
        desk.get_by_role("link", name="下载被拒行").click()
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert len(text.splitlines()) == 1 + done.rejected

    mended = tmp_path / "mended.csv"
    mended.write_text(text.replace("金额异常", "88.00").replace("2026-06-31", "2026-06-30"), "utf-8")
    desk.goto(UPLOAD)
    desk.set_input_files("input[type=file]", [str(mended)])
    desk.get_by_role("button", name="读取并预览").click()
    desk.get_by_role("button", name="确认导入").click()
    desk.locator(".jf-figure", has_text="发放积分").wait_for()
    again = OrderImport.objects.latest("pk")
    assert (again.rejected, again.new) == (0, done.rejected)


def test_a_discarded_file_and_a_phone(desk: Any) -> None:
    desk.set_viewport_size({"width": 375, "height": 780})
    desk.goto(UPLOAD)
    desk.set_input_files("input[type=file]", [str(SAMPLE)])
    desk.get_by_role("button", name="读取并预览").click()

    desk.get_by_text("导入后的结果").wait_for()
    assert desk.evaluate(TOO_WIDE) == 0
    desk.get_by_role("button", name="放弃").click()

    desk.get_by_text("已放弃").first.wait_for()
    assert OrderImport.objects.get().state == "DISCARDED"
    assert Order.objects.count() == 0
