"""Requests that no browser sends: told so, or read as what they can only be."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.core import signals
from django.db import close_old_connections
from django.test import Client

from config.wsgi import application
from mall.views import api
from members.api import keys
from tests.conftest import NOW

PAGES = ["/", "/sign-in/", "/mall/", "/admin/login/", "/brand.css"]
CHARSETS = ["charset=rot13", "charset=zlib", 'x=1; Charset="undefined"', "charset*=utf-8''rot13"]


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """A request that begins closes old connections, this test's among them."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


def asked(page: str, kind: str, body: bytes = b"", **headers: str) -> tuple[str, bytes]:
    """Return what the server itself answers: a client of the tests would not get that far."""
    said: list[str] = []
    environ: dict[str, Any] = {
        "PATH_INFO": page,
        "QUERY_STRING": "next=%41&q=%41",
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(body)),
        "REQUEST_METHOD": "POST" if body else "GET",
        "wsgi.input": io.BytesIO(body),
        **headers,
    }
    setup_testing_defaults(environ)
    answer = b"".join(application(environ, lambda status, _headers, _error=None: said.append(status)))
    return said[0][:3], answer


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("charset", CHARSETS)
def test_a_charset_that_is_no_text_changes_nothing(db: None, page: str, charset: str) -> None:
    status, _page = asked(page, f"text/plain; {charset}")

    assert status == asked(page, "text/plain")[0]
    assert status in ("200", "302")


@pytest.mark.parametrize("charset", CHARSETS)
def test_the_api_reads_utf8_whatever_it_is_called(db: None, charset: str) -> None:
    _key, secret = keys.make(name="till", scopes=[api.CouponEndpoint.scope], at=NOW, actor_id=None)
    body, bearer = json.dumps({"code": "A", "order_amount": "1"}).encode(), f"Bearer {secret}"

    status, said = asked("/api/v1/coupons/check", f"application/json; {charset}", body, HTTP_AUTHORIZATION=bearer)

    assert (status, json.loads(said)["error"]["code"]) == ("404", "unknown_code")


@pytest.mark.parametrize("page", PAGES)
def test_a_nul_in_a_cookie_is_a_bad_request(visitor: Client, page: str) -> None:
    refused = visitor.get(page, headers={"cookie": 'sessionid="aaaaaaaaaaaaaaaa\\000"'})

    assert refused.status_code == 400
