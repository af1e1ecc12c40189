"""Signing in, and the door of every page of a member."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as allauth
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from config import pace
from members import arrivals, sms
from members.models import Member, Programme

RESEND_SECONDS = 60


def member_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Call the view with the signed-in member as second argument, in the brand's time zone.

    Strangers are sent to sign in; someone signed in who is no member (staff) is told so. Nothing is cached.
    """

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        member = Member.objects.live().with_tier().newly_arrived().filter(user=request.user.pk).first()
        if member is None:
            return render(request, "members/no_member.html", status=403)
        if member.arrived:
            arrivals.welcome(member, at=timezone.now())
        request.programme = Programme.current()  # type: ignore[attr-defined]
        with timezone.override(request.programme.time_zone):  # type: ignore[attr-defined]
            return view(request, member, *args, **kwargs)

    return never_cache(login_required(page))


def programme(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the brand's settings, read once and only where a page shows them."""
    return {"programme": getattr(request, "programme", None) or SimpleLazyObject(Programme.current)}


class SignIn(allauth.RequestLoginCodeView):
    """Asks for the phone. New or known: the same page, the same answer."""

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: Any) -> None:
        """Show the form although a code is on its way: the number may have been a wrong one."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Send the code. Only this is on the beat: what was refused before tells nothing, and shall hold no thread."""
        try:
            with pace.on_the_beat(settings.SIGN_IN_BEAT):
                form.look_up()
                return super().form_valid(form)
        except sms.CapReached as refusal:
            form.add_error("phone", str(refusal))
            return self.form_invalid(form)


class EnterCode(allauth.ConfirmLoginCodeView):
    """Asks for the code, and sends another one after a minute.

    Tries are counted in the cache: the session counts them as well, but requests at one moment all begin with the same
    count there, and one that is written late brings back a code that was given up.
    """

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self._action == "verify" and self._tries() > settings.ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS:
            self._process.abort()
            messages.error(request, get_adapter().error_messages["too_many_login_attempts"])
            return redirect("account_login")
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return answer

    def _tries(self) -> int:
        """Count a try of this sign-in and return how many there were."""
        state = self._process.state
        key = f"code-tries:{state.get('phone')}:{state['at']}"
        cache.add(key, 0, 2 * settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT)
        return cache.incr(key)

    def _resend_form_valid(self, form: Any) -> HttpResponse:
        if self.seconds_to_wait():
            messages.error(self.request, _("Please wait a moment before you ask for another code."))
            return self.render_again()
        try:
            response = super()._resend_form_valid(form)
        except sms.CapReached as refusal:
            messages.error(self.request, str(refusal))
            return self.render_again()
        self._process.state["sent_at"] = time.time()
        self._process.persist()
        return response

    def seconds_to_wait(self) -> int:
        """Return how many seconds must pass until another code may be asked for."""
        state = self._process.state
        sent_at = state.get("sent_at", state["at"])
        return max(0, round(sent_at + RESEND_SECONDS - time.time()))

    def render_again(self) -> HttpResponse:
        form_class = allauth.get_form_class(allauth.app_settings.FORMS, "confirm_login_code", self.form_class)
        return self.render_to_response(self.get_context_data(form=form_class(code=None)))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = self._process.code if sms.shown_on_page() else ""
        return super().get_context_data(**kwargs, wait=self.seconds_to_wait(), development_code=shown)
