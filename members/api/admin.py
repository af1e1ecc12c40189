"""Keys of other systems in the back office: made, shown once, revoked."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold import widgets
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from config.back_office import ALREADY_DONE, VIEW, Facts, actor, address, ask, log
from members.api import keys
from members.models import ApiKey

STATES = {"active": _("in use"), "revoked": _("revoked")}
COLOURS = {"active": "success", "revoked": "danger"}


class KeyForm(forms.Form):
    name = forms.CharField(
        label=_("name"),
        max_length=60,
        help_text=_("Which system has it: “till West Lake”."),
        widget=widgets.UnfoldAdminTextInputWidget,
    )
    scopes = forms.MultipleChoiceField(
        label=_("rights"),
        choices=lambda: list(keys.SCOPES.items()),
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
    )
    request_key = forms.RegexField(r"\A[0-9a-f]{32}\Z", initial=lambda: uuid4().hex, widget=forms.HiddenInput)


@admin.register(ApiKey)
class ApiKeyAdmin(Facts):
    """A key is shown when it is made and never again."""

    list_display = ["name", "head", "shown_scopes", "shown_state", "made_at", "made_by", "last_used_at"]
    list_select_related = ["made_by"]
    sortable_by = ()
    rights = {"view": VIEW, "add": _("make keys"), "change": _("revoke keys")}
    fields = ["name", ("head", "state_words"), "shown_scopes", ("made_at", "made_by"), ("last_used_at", "revoked_at")]
    readonly_fields = ["shown_scopes", "state_words"]
    actions_list = ["make"]
    actions_detail = ["revoke"]
    empty_hint = _("Make a key for each system that talks to this one, so that each can be revoked by itself.")

    def has_make_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("members.add_apikey"))

    def has_revoke_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("members.change_apikey"))

    @action(description=_("Make a key"), icon="key", permissions=["make"])
    def make(self, request: HttpRequest) -> HttpResponse:
        """Make a key and show it, this once."""
        form, back = KeyForm(request.POST or None), address(ApiKey, "changelist")
        page = ask(
            request,
            self,
            title=_("Make a key"),
            question=lambda: [
                gettext("Make a key for %(name)s?") % {"name": form.cleaned_data["name"]},
                *(str(keys.SCOPES[scope]) for scope in form.cleaned_data["scopes"]),
                gettext("It is shown once. Have the place ready where you keep it."),
            ],
            confirm=_("Make the key"),
            back=back,
            form=form,
        )
        if page is not None:
            return page
        at = timezone.now()
        try:
            key, secret = keys.make(**form.cleaned_data, at=at, actor_id=actor(request))
        except keys.AlreadyMade:
            messages.warning(request, ALREADY_DONE)
            return HttpResponseRedirect(back)
        if key.made_at == at:
            log(request, [key], gettext("Key made."))
        context = {**self.admin_site.each_context(request), "title": _("The new key"), "secret": secret, "back": back}
        shown = TemplateResponse(request, "admin/members/api_key.html", context)
        shown["Cache-Control"] = "no-store"
        return shown

    @action(description=_("Revoke key"), icon="key_off", permissions=["revoke"], variant=ActionVariant.DANGER)
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End a key for good."""
        key = get_object_or_404(ApiKey, pk=object_id)
        back = address(ApiKey, "change", key.pk)
        page = ask(
            request,
            self,
            title=_("Revoke key"),
            question=lambda: [
                gettext("Revoke the key of %(name)s?") % {"name": key},
                gettext("The system that has it is refused from now on. This cannot be taken back."),
            ],
            confirm=_("Revoke key"),
            back=back,
            danger=True,
        )
        if page is not None:
            return page
        if keys.revoke(key_id=key.pk, at=timezone.now()):
            log(request, [key], gettext("Key revoked."))
            messages.success(request, gettext("Key revoked."))
        return HttpResponseRedirect(back)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        active = ApiKey.objects.filter(pk=object_id, revoked_at=None).exists()
        return super().get_actions_detail(request, object_id) if active else []

    @display(description=_("rights"))
    def shown_scopes(self, key: ApiKey) -> str:
        return ", ".join(str(keys.SCOPES.get(scope, scope)) for scope in key.scopes)

    @display(description=_("state"), label=COLOURS)
    def shown_state(self, key: ApiKey) -> tuple[str, Any]:
        state = "revoked" if key.revoked_at else "active"
        return state, STATES[state]

    @display(description=_("state"))
    def state_words(self, key: ApiKey) -> str:
        return str(self.shown_state(key)[1])
