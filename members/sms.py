"""Text messages. `SMS_BACKEND` names a callable `send(phone: str, text: str) -> None` that gives one to a provider."""

from __future__ import annotations

import logging
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)

CONSOLE = "members.sms.console"
DAY = 24 * 60 * 60


class CapReached(Exception):
    """As many messages have been sent as may be in a day, to one phone or in all. Each one costs the brand money."""

    def __str__(self) -> str:
        return _("Too many codes have been sent today. Please try again tomorrow.")


class PhoneCapReached(CapReached):
    def __str__(self) -> str:
        return _("This phone has been sent too many codes today. Please try again tomorrow.")


def check(*, phone: str, at: datetime) -> None:
    """Raise CapReached if a code would not be sent to a phone (E.164) now; counts nothing."""
    if cache.get(_key(phone, at), 0) >= settings.SMS_PER_PHONE_PER_DAY:
        raise PhoneCapReached
    if cache.get(_key("all", at), 0) >= settings.SMS_PER_DAY:
        raise CapReached


def send(*, phone: str, text: str, at: datetime) -> None:
    """Send a code to a phone (E.164) with the configured backend. Raises CapReached and then sends nothing."""
    _send(phone, text, at, counted_as=phone)


def _send(phone: str, text: str, at: datetime, *, counted_as: str) -> None:
    if _count(counted_as, at) > settings.SMS_PER_PHONE_PER_DAY:
        raise PhoneCapReached
    sent = _count("all", at)
    if sent == settings.SMS_PER_DAY:
        log.error("SMS_PER_DAY is reached: nobody is sent a code until tomorrow")
    if sent > settings.SMS_PER_DAY:
        raise CapReached
    import_string(settings.SMS_BACKEND)(phone, text)


def notify(*, phone: str, text: str, at: datetime) -> None:
    """Send a message that nobody waits for. Raises CapReached.

    Half of what may be sent in a day is kept for codes, and a phone is sent no code less for it.
    """
    if cache.get(_key("all", at), 0) >= settings.SMS_PER_DAY // 2:
        raise CapReached
    _send(phone, text, at, counted_as=f"told:{phone}")


def console(phone: str, text: str) -> None:
    """Print the message in the log: for a machine without a provider."""
    log.info("SMS to %s: %s", phone, text)


def shown_on_page() -> bool:
    """Tell whether codes may be shown on the page: in development, where nothing is really sent."""
    return bool(settings.DEBUG) and settings.SMS_BACKEND == CONSOLE


def _count(whose: str, at: datetime) -> int:
    key = _key(whose, at)
    cache.add(key, 0, DAY)
    return cache.incr(key)


def _key(whose: str, at: datetime) -> str:
    return f"sms:{whose}:{at:%Y%m%d}"
