"""A real Chromium for the tests, and what is measured on a page in it. The fixtures are known to every test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from members.models import Member, User

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 375, "height": 780}
DESK = {"width": 1280, "height": 900}

# Text whose colour is too close to what lies behind it (WCAG AA). Gradients hide what lies behind: their darkest and
# lightest colours stand in a token, and are looked at by eye.
FAINT = """() => {
  const parse = (c) => { const n = c.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const style = getComputedStyle(e), colour = parse(style.backgroundColor);
      if (style.backgroundImage !== "none") return null;
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255, 1];
  };
  const found = [];
  for (const e of document.querySelectorAll("body *")) {
    const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!text || !e.checkVisibility() || e.closest(".skip, [aria-hidden]")) continue;
    const style = getComputedStyle(e), under = behind(e);
    if (!under) continue;
    const [a, b] = [light(parse(style.color)), light(under)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(`${e.tagName} ${e.textContent.trim()} ${ratio.toFixed(2)}`);
  }
  return found;
}"""
TOUCHED = "button, .button, .tabs a, .filters a, .foot a, input:not([type=hidden]), select, textarea"
SMALL = """(touched) => [...document.querySelectorAll(touched)]
  .map((e) => e.matches("[type=checkbox], [type=radio]") ? e.closest("label") ?? e : e)
  .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44)
  .map((e) => `${e.textContent.trim() || e.name} ${e.getBoundingClientRect().height}`)"""
TOO_WIDE = "() => document.documentElement.scrollWidth - innerWidth"

# What the tests of a module with pages in Chromium say as their `pytestmark`.
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="No Chromium on this machine: apt-get install chromium"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright's loop runs in this thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_page(chromium: Any, live_server: Any) -> Iterator[Callable[..., Any]]:
    """Return `open(member, **options)`: a page with the member signed in; the console must stay silent."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def open_(member: Member | None = None, *, viewport: dict[str, int] = PHONE, **options: Any) -> Any:
        context = chromium.new_context(base_url=live_server.url, viewport=viewport, locale="zh-CN", **options)
        contexts.append(context)
        if member is not None:
            context.add_cookies([{"name": "sessionid", "value": session_of(member), "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda said: complaints.append(said.text) if is_a_complaint(said) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def is_a_complaint(said: Any) -> bool:
    """A form that is to be filled in better answers 422, which Chromium calls an error."""
    return said.type in ("error", "warning") and "status of 422" not in said.text


def session_of(member: Member) -> str:
    if member.user is None:
        member.user = User.objects.create(username=f"member-of-{member.pk}")
        member.save()
    session = SessionStore()
    session[SESSION_KEY] = str(member.user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = member.user.get_session_auth_hash()
    session.create()
    return str(session.session_key)
