"""What members type to sign in."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ConfirmLoginCodeForm, RequestLoginCodeForm
from allauth.core import context, ratelimit
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from members import sms
from members.models import User
from members.sign_in import here, stranger

MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
GAPS = re.compile(r"[\s\-‐-―−().·]+")


def e164(text: str) -> str | None:
    """Return a mobile number of mainland China as `+86…`, however it was typed; None if it is none."""
    digits = GAPS.sub("", unicodedata.normalize("NFKC", text))
    found = MOBILE.fullmatch(digits)
    return f"+86{found[1]}" if found else None


class PhoneField(forms.CharField):
    """A mobile number, full-width digits, spaces and dashes allowed; its value is E.164."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs["label"] = _("Mobile number")
        kwargs["max_length"] = 40
        kwargs["widget"] = forms.TextInput(
            attrs={
                "type": "tel",
                "inputmode": "tel",
                "autocomplete": "tel",
                "placeholder": "138 0000 1111",
                "autofocus": True,
            }
        )
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        phone = e164(super().clean(value))
        if phone is None:
            raise ValidationError(_("Please enter a mobile number of 11 digits, for example 138 0000 1111."))
        return phone


class PhoneForm(RequestLoginCodeForm):
    """The one form for members new and known. It is valid, or not, without a look at who has the phone: `look_up`."""

    _user: User | None

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        limits = {"request_login_code_here": here(context.request, phone), "request_login_code": phone}
        if not all(ratelimit.consume(context.request, action=action, key=key) for action, key in limits.items()):
            raise get_adapter().validation_error("too_many_login_attempts")
        try:
            get_adapter().check(phone)
        except sms.CapReached as refusal:
            raise ValidationError(str(refusal)) from refusal
        return phone

    def look_up(self) -> None:
        """Find the user of the phone of a valid form, or make one. How long it takes tells which."""
        phone = self.cleaned_data["phone"]
        self._user = get_adapter().get_user_by_phone(phone) or stranger(phone)


class CodeForm(ConfirmLoginCodeForm):
    """The six digits from the message."""

    code = forms.CharField(
        label=_("SMS code"),
        max_length=20,
        error_messages={"required": _("Please enter the code.")},
        widget=forms.TextInput(
            attrs={
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "pattern": "[0-9０-９ ]*",
                "placeholder": "••••••",
                "autofocus": True,
            }
        ),
    )

    def clean_code(self) -> str:
        typed = unicodedata.normalize("NFKC", self.cleaned_data["code"])
        self.cleaned_data["code"] = re.sub(r"\s", "", typed)
        code: str = super().clean_code()
        return code
