"""A lottery's prizes on its page: filled in while it is a draft, a table once it is published."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline, TabularInline
from unfold.decorators import display

from config.back_office import address, link
from mall import lottery
from mall.models import Draw, DrawPrize, Gift
from mall.models.draws import MOST_ODDS


class PrizeFormSet(BaseInlineFormSet):
    """A draft's prizes: odds of 100 % at most, and one consolation at most."""

    def clean(self) -> None:
        super().clean()
        given = [form.cleaned_data for form in self.forms if getattr(form, "cleaned_data", None)]
        prizes = [one for one in given if not one.get("DELETE")]
        odds = sum((one.get("odds") or Decimal(0) for one in prizes), Decimal(0))
        if odds > MOST_ODDS:
            raise ValidationError(_("The odds add up to %(odds)s %%: 100 %% at most."), params={"odds": f"{odds:f}"})
        if sum(bool(one.get("consolation")) for one in prizes) > 1:
            raise ValidationError(_("There is one consolation: leave it out at the others."))


class PrizeInline(StackedInline):
    """A lottery's prizes. Who may change the lottery may change them, until it is published."""

    model = DrawPrize
    formset = PrizeFormSet
    extra = 0
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("name", "emblem"),
                    "consolation",
                    ("kind", "points"),
                    "gift",
                    ("odds", "stock"),
                    ("position", "shown_given"),
                ]
            },
        )
    ]
    readonly_fields = ["shown_given"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.view_draw")) or self._may(request, obj)

    def _may(self, request: HttpRequest, obj: Any = None) -> bool:
        draft = obj is None or obj.state == Draw.State.DRAFT
        return draft and bool(request.user.has_perm("mall.change_draw" if obj else "mall.add_draw"))

    has_add_permission = has_change_permission = has_delete_permission = _may

    @display(description=_("given and left"))
    def shown_given(self, prize: DrawPrize) -> str:
        return _given(prize)


class PrizeTable(TabularInline):
    """What was published: a line for each prize, nothing to edit."""

    model = DrawPrize
    extra = 0
    fields = ["shown_name", "shown_what", "shown_odds", "stock", "shown_given"]
    readonly_fields = fields
    ordering = ["consolation", "position", "pk"]
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[DrawPrize]:
        prizes: QuerySet[DrawPrize] = super().get_queryset(request).select_related("gift", "draw")
        return prizes

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.view_draw") or request.user.has_perm("mall.change_draw"))

    def _never(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_add_permission = has_change_permission = has_delete_permission = _never

    @display(description=_("name"))
    def shown_name(self, prize: DrawPrize) -> str:
        return f"{prize.symbol} {prize.name}"

    @display(description=_("what it is"))
    def shown_what(self, prize: DrawPrize) -> SafeString | str:
        if prize.gift:
            return link(address(Gift, "change", prize.gift.pk), prize.gift)
        return f"{prize.points:,} {prize.get_kind_display()}" if prize.points else prize.get_kind_display()

    @display(description=_("odds"))
    def shown_odds(self, prize: DrawPrize) -> str:
        if not prize.consolation:
            return f"{prize.odds.normalize():f} %"
        left = lottery.left_odds(list(prize.draw.prizes.all()))
        return f"{left.normalize():f} % ({gettext('consolation')})"

    @display(description=_("given and left"))
    def shown_given(self, prize: DrawPrize) -> str:
        return _given(prize)


def _given(prize: DrawPrize) -> str:
    if prize.pk is None or prize.consolation or prize.draw.state == Draw.State.DRAFT:
        return "–"
    given = prize.stock - prize.remaining - prize.returned
    return gettext("%(given)s given, %(left)s left") % {"given": f"{given:,}", "left": f"{prize.remaining:,}"}
