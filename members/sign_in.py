"""Sign in by phone and SMS code: how django-allauth finds and makes members.

A phone belongs to a live member, or to nobody yet. Both get the same page and the same code. A phone that nobody
has proved to own is a bare `User` named for that phone; only the right code gives it a member, the one that an
import has made or a new one (`join`). Staff sign in at /admin/ with a password, never by a code.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import ratelimit
from allauth.core.internal.ratelimit import get_ip
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members import sms
from members.models import Member, Programme, User

STRANGER = "phone:"  # a colon: no form lets staff have such a name


class PhoneAdapter(DefaultAccountAdapter):
    """allauth's view of our members: a phone belongs to a live member, known or made on sign-up."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": gettext_lazy("This account is closed."),
        "incorrect_code": gettext_lazy("This code is not right."),
        "too_many_login_attempts": gettext_lazy("Too many attempts. Please wait a moment and ask for a new code."),
        "rate_limited": gettext_lazy("Please wait a moment before you ask for another code."),
    }

    def phone_form_field(self, **kwargs: Any) -> Any:
        from members.forms import PhoneField

        return PhoneField(**kwargs)

    def get_login_stages(self) -> list[str]:
        return ["allauth.account.stages.LoginByCodeStage"]

    def get_user_by_phone(self, phone: str) -> User | None:
        """Return the user of the live member with this phone (E.164), unless he is staff."""
        return _owners(phone).filter(is_staff=False, is_superuser=False).first()

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        member = Member.objects.live().filter(user=user).first()
        return (member.phone, member.phone_verified) if member and member.phone else None

    def set_phone(self, user: User, phone: str, verified: bool) -> None:
        if verified:
            self.set_phone_verified(user, phone)

    def set_phone_verified(self, user: User, phone: str) -> None:
        join(user=user, phone=phone, at=timezone.now())

    def send_verification_code_sms(self, user: User, phone: str, code: str, **kwargs: Any) -> None:
        words = _("%(code)s is your code for %(brand)s, valid for %(minutes)d minutes. Do not tell it to anyone.")
        minutes = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60
        self.text(phone, words % {"code": code, "brand": Programme.current().brand, "minutes": minutes})

    def send_unknown_account_sms(self, phone: str, **kwargs: Any) -> None:
        self.text(phone, _("This phone belongs to a staff account: please sign in to the back office."))

    def send_account_already_exists_sms(self, phone: str) -> None:
        self.send_unknown_account_sms(phone)

    def check(self, phone: str) -> None:
        """Raise sms.CapReached if `text` would; counts nothing."""
        self._within(phone, dry_run=True)
        sms.check(phone=phone, at=timezone.now())

    def text(self, phone: str, text: str) -> None:
        """Send a message, counted for the visitor's address. Raises sms.CapReached."""
        self._within(phone)
        sms.send(phone=phone, text=text, at=timezone.now())

    def _within(self, phone: str, *, dry_run: bool = False) -> None:
        if not ratelimit.consume(self.request, action="sms", dry_run=dry_run):
            raise sms.CapReached
        if not ratelimit.consume(self.request, action="sms_here", key=here(self.request, phone), dry_run=dry_run):
            raise sms.PhoneCapReached


def here(request: HttpRequest, name: str) -> str:
    """Return the key that counts a phone or a name at the visitor's address alone."""
    return f"{name}@{get_ip(request)}"


def stranger(phone: str) -> User | None:
    """Return the bare user for a phone (E.164) that no user owns, made when first asked for; else None. Never staff."""
    if _owners(phone).exists():
        return None
    user = User.objects.get_or_create(username=STRANGER + phone, defaults={"password": "!"})[0]
    return None if user.is_staff or user.is_superuser else user


def _owners(phone: str) -> QuerySet[User]:
    return User.objects.filter(member__phone=phone, member__merged_into=None)


@transaction.atomic
def join(*, user: User, phone: str, at: datetime) -> Member:
    """Give the user the live member of a phone (E.164) that he has just proved to own, a new one if there is none.

    Raises PermissionDenied when the phone meanwhile belongs to another user, or the user to another phone.
    """
    if Member.objects.filter(user=user).exclude(phone=phone).exists():
        raise PermissionDenied
    made = {"joined_at": at, "joined_by": "mall"}
    member, _made = Member.objects.live().get_or_create(phone=phone, defaults=made)
    free = Member.objects.filter(pk=member.pk, phone=phone).filter(Q(user=None) | Q(user=user))
    if not free.update(user=user, phone_verified=True):
        raise PermissionDenied
    User.objects.filter(pk=user.pk, username=STRANGER + phone).update(username=f"member-{user.pk}")
    member.refresh_from_db()
    return member
