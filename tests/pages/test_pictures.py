"""Pictures on the pages: served to everybody, and nothing else of the media folder to anybody."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image

from mall import pictures
from mall.models import Gift, GiftPicture
from members.models import Member
from tests.pages.conftest import give, redeemed, shelve

Browse = Callable[[Member], Client]


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def file(size: tuple[int, int] = (700, 500), form: str = "PNG") -> io.BytesIO:
    buffer = io.BytesIO()
    Image.new("RGB", size, (40, 90, 70)).save(buffer, form)
    buffer.seek(0)
    buffer.name = "picture.png"
    return buffer


def hang(gift: Gift, *, alt: str = "", position: int = 0) -> GiftPicture:
    picture = GiftPicture(gift=gift, alt=alt, position=position)
    picture.show(pictures.store(pictures.read(file())))
    picture.save()
    return picture


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_a_picture_is_served_as_a_picture_and_kept_by_the_browser(visitor: Client) -> None:
    shown = hang(shelve())

    response = visitor.get(shown.src)

    assert response.status_code == 200
    assert response.headers["content-type"] == "image/webp"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in response.headers["cache-control"]
    assert Image.open(io.BytesIO(body(response))).size == (640, 457)


@pytest.mark.parametrize(
    "path",
    [
        "orders/secret.csv",
        "pictures/secret.csv",
        "pictures/../orders/secret.csv",
        "pictures/..%2forders%2fsecret.csv",
        "pictures/%2e%2e/orders/secret.csv",
        "pictures/" + "0" * 32 + "-320.webp",
        "pictures/" + "0" * 32 + "-320.webp%0a",
        "pictures/",
        "",
    ],
)
def test_imported_files_and_anything_else_are_never_served(visitor: Client, path: str) -> None:
    for name in ("orders/secret.csv", "pictures/secret.csv"):
        default_storage.save(name, ContentFile(b"phone,address"))

    assert visitor.get(f"/media/{path}").status_code == 404


def test_gifts_are_shown_by_their_first_picture(browse: Browse, lin: Member) -> None:
    give(lin, 300)
    cup = shelve()
    second, first = hang(cup, position=2), hang(cup, alt="A blue cup", position=1)
    made = redeemed(lin, cup)
    client = browse(lin)

    lists = [
        client.get(path).content.decode()
        for path in ("/", "/mall/", "/redemptions/", f"/redemptions/{made.pk}/", f"/mall/{cup.pk}/redeem/")
    ]
    page = client.get(f"/mall/{cup.pk}/").content.decode()

    for shown in lists:
        assert first.key in shown
        assert second.key not in shown
        assert 'loading="lazy"' in shown
        assert re.search(r'srcset="[^"]+ 320w, [^"]+ 640w, [^"]+ 700w"', shown)
    assert page.index(first.key) < page.index(second.key)
    assert 'alt="A blue cup"' in page


def test_the_description_shows_its_markup_and_no_html(browse: Browse, lin: Member) -> None:
    text = (
        "## Size\n\n- **small**\n- <b>large</b>\n\n[shop](javascript:alert(1)) [tea](/mall/)\n\n|a|b|\n|:-|-:|\n|1|2|"
    )
    cup = shelve(description=text)

    page = browse(lin).get(f"/mall/{cup.pk}/").content.decode()

    assert "<h3>Size</h3>" in page
    assert "<strong>small</strong>" in page
    assert "&lt;b&gt;large" in page
    assert '<a href="/mall/">tea</a>' in page
    assert 'href="javascript' not in page
    assert " style=" not in page


def test_the_price_in_shops_is_crossed_out(browse: Browse, lin: Member) -> None:
    cup = shelve(market_price="199.00")
    cup.refresh_from_db()

    pages = [browse(lin).get(path).content.decode() for path in ("/mall/", f"/mall/{cup.pk}/")]

    assert all("<s>¥199</s>" in page for page in pages)


@pytest.fixture
def boss(django_user_model: Any) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(django_user_model.objects.create_superuser("wang", password="a long word"))
    return client


def gift_form(client: Client, path: str, **more: Any) -> dict[str, Any]:
    """Return the form of a gift as its page gives it, with a first picture's row and changes."""
    page = client.get(path)
    given = {field.html_name: field.value() for field in page.context["adminform"].form}
    form = {name: value for name, value in given.items() if value not in (None, False)}
    for inline in page.context["inline_admin_formsets"]:
        management = inline.formset.management_form
        form |= {management.add_prefix(name): management[name].value() for name in management.fields}
    form |= {"name": "Cup", "points": "100", "cash": "0", "position": "1", "low_stock": "3", "active": "on"}
    return form | {"pictures-TOTAL_FORMS": "1", "pictures-0-position": "0"} | more


def test_staff_hand_in_pictures_with_a_gift(boss: Client) -> None:
    path = "/admin/mall/gift/add/"

    answer = boss.post(path, gift_form(boss, path, **{"pictures-0-upload": file(), "pictures-0-alt": "Blue"}))
    assert answer.status_code == 302, (answer.context["errors"], answer.context["adminform"].form.errors)

    shown = GiftPicture.objects.get()
    assert (shown.gift.name, shown.gift.low_stock, shown.alt, shown.width, shown.height) == ("Cup", 3, "Blue", 700, 500)
    assert boss.get(shown.smallest).status_code == 200
    assert shown.key in boss.get("/admin/mall/gift/").content.decode()
    assert shown.key in boss.get(f"/admin/mall/gift/{shown.gift_id}/change/").content.decode()


def test_what_is_no_picture_is_refused_where_it_was_handed_in(boss: Client) -> None:
    evil = io.BytesIO(b"<svg onload=alert(1)>")
    evil.name = "evil.png"
    path = "/admin/mall/gift/add/"

    response = boss.post(path, gift_form(boss, path, **{"pictures-0-upload": evil}))

    assert response.status_code == 200
    assert "This is no picture. Choose a PNG, JPEG, WebP or GIF file." in response.content.decode()
    assert not Gift.objects.exists()
    assert not default_storage.exists("pictures")


def test_another_file_replaces_a_picture_under_a_new_name(boss: Client) -> None:
    shown = hang(shelve())
    path = f"/admin/mall/gift/{shown.gift_id}/change/"
    row = {"pictures-0-upload": file((300, 300)), "pictures-0-id": shown.pk, "pictures-0-gift": shown.gift_id}

    answer = boss.post(path, gift_form(boss, path, **row))

    assert answer.status_code == 302
    after = GiftPicture.objects.get()
    assert (after.pk, after.width) == (shown.pk, 300)
    assert after.key != shown.key
