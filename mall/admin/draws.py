"""Lotteries and treasure draws from the draft to the result. What is published is looked at, not edited."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold import widgets
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from config.back_office import ADD, DELETE, VIEW, Desk, actor, address, ask, link, log
from mall import lottery, treasure
from mall.admin.prizes import PrizeInline, PrizeTable
from mall.models import Draw, DrawPlay, DrawPrize, TreasureDraw, TreasureEntry
from mall.redeeming import Refused

COLOURS = {
    "DRAFT": "default",
    "OPEN": "success",
    "ENDED": "info",
    "DRAWN": "info",
    "REFUNDING": "warning",
    "REFUNDED": "warning",
}


class CallOffForm(forms.Form):
    reason = forms.CharField(
        label=_("reason"),
        max_length=200,
        help_text=_("Members see it."),
        widget=widgets.UnfoldAdminTextInputWidget,
    )


class DrawDesk(Desk):
    """What lotteries and treasure draws have in common: edited as drafts, moved on by actions that ask first."""

    rights = {"view": VIEW, "add": ADD, "change": _("change and publish"), "delete": DELETE}
    list_filter = ["state"]
    list_select_related = ["minimum_tier", "campaign"]
    search_fields = ["name"]
    sortable_by = ()
    steps: dict[str, tuple[str, ...]] = {}

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        draft = obj is None or obj.state == "DRAFT"
        return bool(super().has_change_permission(request, obj)) and draft

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_delete_permission(request, obj)) and obj is not None and obj.state == "DRAFT"

    def has_step_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm(f"mall.change_{self.opts.model_name}"))

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Offer the steps that it can still take."""
        state = self.model.objects.filter(pk=object_id).values_list("state", flat=True).first()
        possible = self.steps.get(str(state), ())
        return [one for one in super().get_actions_detail(request, object_id) if one.action_name.endswith(possible)]

    def step(
        self, request: HttpRequest, draw: Any, *, act: Callable[[datetime], Any], done: str, **asked: Any
    ) -> HttpResponse:
        """Ask, make the one domain call, log it; a refusal is shown as a sentence."""
        back = address(self.model, "change", draw.pk)
        page = ask(request, self, confirm=asked["title"], back=back, **asked)
        if page is not None:
            return page
        try:
            changed = act(timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(back)
        if changed is False:
            messages.info(request, gettext("This was done before; nothing changed."))
        else:
            log(request, [draw], done)
            messages.success(request, done)
        return HttpResponseRedirect(back)

    @display(description=_("name"))
    def shown_name(self, draw: Any) -> str:
        return f"{draw.emblem} {draw.name}".strip()

    @display(description=_("state"), label=COLOURS)
    def shown_state(self, draw: Any) -> tuple[str, str]:
        return draw.state, draw.get_state_display()

    @display(description=_("open from – to"))
    def window(self, draw: Any) -> str:
        ends = [f"{timezone.localtime(end):%Y-%m-%d %H:%M}" for end in (draw.opens_at, draw.closes_at) if end]
        when = " – ".join(ends) if draw.closes_at else gettext("from %(date)s on") % {"date": ends[0]}
        return f"{when} · {draw.campaign}" if draw.campaign else when


@admin.register(Draw)
class DrawAdmin(DrawDesk):
    list_display = ["shown_name", "shown_price", "minimum_tier", "window", "shown_state"]
    actions_detail = ["publish", "close"]
    readonly_fields = ["state", "published_at", "ended_at", "shown_plays"]
    fieldsets = [
        (None, {"fields": [("name", "emblem"), "description", ("position", "state")]}),
        (_("Price and limits"), {"fields": [("price", "points"), "chance_pool", ("limit_per_day", "limit_ever")]}),
        (_("Window"), {"fields": ["opens_at", "closes_at", "campaign", "minimum_tier", "claim_days"]}),
        (_("Result"), {"fields": [("published_at", "ended_at"), "shown_plays"]}),
    ]
    add_fieldsets = fieldsets[:3]
    empty_hint = _("Add a lottery with its prizes and odds, look at it, then publish it.")
    steps = {"DRAFT": ("_publish",), "OPEN": ("_close",)}

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [PrizeInline if obj is None or obj.state == Draw.State.DRAFT else PrizeTable]

    @action(description=_("Publish"), icon="publish", permissions=["step"], variant=ActionVariant.PRIMARY)
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Open a draft to members; from then on it stays as it is."""
        draw = get_object_or_404(Draw, pk=object_id)
        return self.step(
            request,
            draw,
            title=_("Publish"),
            question=lambda: [
                gettext("Publish %(draw)s?") % {"draw": draw},
                *_told_prizes(list(draw.prizes.all())),
                gettext(
                    "Gifts are set aside from stock. Prices, odds, prizes and limits cannot be changed afterwards."
                ),
            ],
            act=lambda at: lottery.publish(draw_id=draw.pk, at=at, actor_id=actor(request)),
            done=gettext("Published."),
        )

    @action(description=_("End it"), icon="stop_circle", permissions=["step"], variant=ActionVariant.DANGER)
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End a published lottery before its time."""
        draw = get_object_or_404(Draw, pk=object_id)
        return self.step(
            request,
            draw,
            title=_("End it"),
            question=lambda: [
                gettext("End %(draw)s now?") % {"draw": draw},
                gettext("Nobody can try any more; gifts that nobody won go back into stock."),
            ],
            act=lambda at: lottery.close(draw_id=draw.pk, at=at, actor_id=actor(request)),
            done=gettext("Ended."),
            danger=True,
        )

    @display(description=_("a try costs"))
    def shown_price(self, draw: Draw) -> str:
        return f"{draw.points:,} {draw.get_price_display()}" if draw.points else draw.get_price_display()

    @display(description=_("tries"))
    def shown_plays(self, draw: Draw) -> SafeString | str:
        if draw.pk is None:
            return "–"
        return link(f"{address(DrawPlay, 'changelist')}?draw__id__exact={draw.pk}", gettext("Look at the tries"))


def _told_prizes(prizes: list[DrawPrize]) -> list[str]:
    """Return the prizes of a draft in sentences."""
    told = [
        gettext("%(prize)s: %(odds)s %%, %(stock)s of them.")
        % {"prize": prize, "odds": f"{prize.odds.normalize():f}", "stock": f"{prize.stock:,}"}
        for prize in prizes
        if not prize.consolation
    ]
    rest = {"odds": f"{lottery.left_odds(prizes).normalize():f}"}
    return [*told, gettext("Everybody else gets the consolation: %(odds)s %%.") % rest]


@admin.register(TreasureDraw)
class TreasureDrawAdmin(DrawDesk):
    list_display = ["shown_name", "points", "shown_sold", "minimum_tier", "window", "shown_state"]
    actions_detail = ["publish", "call_off"]
    readonly_fields = [
        "state",
        "shown_sold",
        "commitment",
        "published_at",
        "drawn_at",
        "winner_number",
        "shown_winner",
        "entries_digest",
        "seed",
        "called_off",
        "refunded_at",
        "shown_entries",
    ]
    fieldsets = [
        (None, {"fields": [("name", "emblem"), "description", ("position", "state")]}),
        (_("Prize"), {"fields": [("gift", "prize_points"), "claim_days"]}),
        (
            _("Entries and end"),
            {
                "fields": [
                    ("points", "limit_per_member"),
                    ("capacity", "minimum"),
                    "drawn_when",
                    "opens_at",
                    "closes_at",
                    "campaign",
                    "minimum_tier",
                ]
            },
        ),
        (
            _("Result"),
            {
                "fields": [
                    ("published_at", "shown_sold"),
                    "commitment",
                    "drawn_at",
                    ("winner_number", "shown_winner"),
                    "entries_digest",
                    "seed",
                    ("called_off", "refunded_at"),
                    "shown_entries",
                ]
            },
        ),
    ]
    add_fieldsets = fieldsets[:3]
    empty_hint = _("Add a treasure draw: a prize, what an entry costs, and how many there are; then publish it.")
    steps = {"DRAFT": ("_publish",), "OPEN": ("_call_off",)}

    @action(description=_("Publish"), icon="publish", permissions=["step"], variant=ActionVariant.PRIMARY)
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Open a draft to members: its seed is drawn, and its hash published."""
        draw = get_object_or_404(TreasureDraw, pk=object_id)
        told = {"entries": f"{draw.capacity:,}", "points": f"{draw.points:,}", "minimum": f"{draw.minimum:,}"}
        return self.step(
            request,
            draw,
            title=_("Publish"),
            question=lambda: [
                gettext("Publish %(draw)s?") % {"draw": draw},
                gettext("%(entries)s entries of %(points)s points; with fewer than %(minimum)s all points go back.")
                % told,
                gettext("A gift is set aside from stock. Nothing of it can be changed afterwards."),
            ],
            act=lambda at: treasure.publish(treasure_id=draw.pk, at=at, actor_id=actor(request)),
            done=gettext("Published."),
        )

    @action(description=_("Call it off"), icon="cancel", permissions=["step"], variant=ActionVariant.DANGER)
    def call_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End a running treasure draw without a winner."""
        draw = get_object_or_404(TreasureDraw, pk=object_id)
        form = CallOffForm(request.POST or None)
        asks = ngettext(
            "%(number)s entry is sold: all points go back.",
            "%(number)s entries are sold: all points go back.",
            draw.sold,
        )
        return self.step(
            request,
            draw,
            form=form,
            title=_("Call it off"),
            question=lambda: [
                gettext("Call off %(draw)s?") % {"draw": draw},
                asks % {"number": f"{draw.sold:,}"},
                gettext("Reason: %(reason)s") % form.cleaned_data,
            ],
            act=lambda at: treasure.call_off(
                treasure_id=draw.pk, reason=form.cleaned_data["reason"], at=at, actor_id=actor(request)
            ),
            done=gettext("Called off; the points go back within a minute."),
            danger=True,
        )

    @display(description=_("entries sold"))
    def shown_sold(self, draw: TreasureDraw) -> str:
        return f"{draw.sold:,} / {draw.capacity:,}" if draw.pk else "–"

    @display(description=_("winner"))
    def shown_winner(self, draw: TreasureDraw) -> SafeString | str:
        if draw.winner is None:
            return "–"
        return link(address(TreasureEntry, "change", draw.winner.pk), draw.winner.member)

    @display(description=_("all of them"))
    def shown_entries(self, draw: TreasureDraw) -> SafeString | str:
        if draw.pk is None or draw.state == TreasureDraw.State.DRAFT:
            return "–"
        entries = link(
            f"{address(TreasureEntry, 'changelist')}?treasure__id__exact={draw.pk}", gettext("Look at the entries")
        )
        check = link(reverse("treasure_check", args=[draw.pk]), gettext("Check the result"))
        return SafeString(f"{entries} · {check}")
