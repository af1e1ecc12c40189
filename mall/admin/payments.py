"""Money beside points: what came in, what goes back, and how long members have to pay."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from config.back_office import VIEW, Facts, OneRow, actor, address, ask, link, log
from mall import refunding
from mall.admin.forms import MoneyBackForm
from mall.models import MallPolicy, Payment, Redemption, Refund
from mall.payment import provider as payment_provider

COLOURS = {"OPEN": "warning", "PAID": "success", "CLOSED": "default"}


def linked(redemption: Redemption) -> SafeString:
    """Return a link to a redemption, in words."""
    what = format_html("#{} {} · {}", redemption.pk, redemption, redemption.member)
    return link(address(Redemption, "change", redemption.pk), what)


def named(code: str) -> str:
    """Return a provider's name; the code of one that is no longer installed."""
    try:
        return str(payment_provider(code).name)
    except KeyError:
        return code


@admin.register(Payment)
class PaymentAdmin(Facts):
    list_display = [
        "made_at",
        "number",
        "shown_redemption",
        "shown_provider",
        "amount",
        "shown_state",
        "paid_at",
        "problem",
    ]
    list_select_related = ["redemption", "redemption__member"]
    list_filter = ["state", "provider", "problem"]
    search_fields = ["=number", "=reference"]
    sortable_by = ()
    rights = {"view": VIEW, "change": _("take money, and give it back")}
    fields = [
        ("number", "shown_state"),
        ("shown_provider", "amount"),
        "shown_redemption",
        ("made_at", "paid_at"),
        ("reference", "taken_by"),
        "problem",
    ]
    readonly_fields = ["shown_state", "shown_redemption", "shown_provider"]
    empty_hint = _("Payments appear here when members redeem gifts for points and yuan.")

    @display(description=_("state"), label=COLOURS)
    def shown_state(self, payment: Payment) -> tuple[str, str]:
        return payment.state, payment.get_state_display()

    @display(description=_("provider"))
    def shown_provider(self, payment: Payment) -> str:
        return named(payment.provider)

    @display(description=_("redemption"))
    def shown_redemption(self, payment: Payment) -> SafeString:
        return linked(payment.redemption)


class DueFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("to be given back")), ("no", _("given back"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Refund]) -> QuerySet[Refund]:
        return queryset.filter(done_at__isnull=self.value() == "yes") if self.value() else queryset


@admin.register(Refund)
class RefundAdmin(Facts):
    list_display = ["made_at", "amount", "shown_redemption", "provider", "note", "done_at", "done_by"]
    list_select_related = ["payment__redemption__member", "done_by"]
    list_filter = [DueFilter]
    sortable_by = ()
    actions_detail = ["given_back"]
    fields = ["amount", "shown_redemption", "provider", "note", "made_at", ("done_at", "done_by"), "reference"]
    readonly_fields = ["shown_redemption", "provider"]
    empty_hint = _("Money that goes back to members appears here.")

    def has_give_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.change_payment"))

    @action(description=_("Money given back"), icon="payments", permissions=["give"])
    def given_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Note that staff gave the money back."""
        refund = get_object_or_404(Refund.objects.select_related("payment__redemption__member"), pk=object_id)
        form, back = MoneyBackForm(request.POST or None), address(Refund, "change", refund.pk)
        who = {"amount": refund.amount, "member": refund.payment.redemption.member}
        page = ask(
            request,
            self,
            title=_("Money given back"),
            question=lambda: [gettext("Was ¥%(amount)s given back to %(member)s?") % who, refund.note],
            confirm=_("Money given back"),
            back=back,
            form=form,
        )
        if page is not None:
            return page
        at, reference = timezone.now(), form.cleaned_data["reference"]
        if refunding.done(refund_id=refund.pk, at=at, actor_id=actor(request), reference=reference):
            log(request, [refund], gettext("¥%(amount)s given back to %(member)s.") % who)
            messages.success(request, gettext("¥%(amount)s given back to %(member)s.") % who)
        return HttpResponseRedirect(back)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        due = Refund.objects.filter(pk=object_id, done_at=None).exists()
        return super().get_actions_detail(request, object_id) if due else []

    @display(description=_("redemption"))
    def shown_redemption(self, refund: Refund) -> SafeString:
        return linked(refund.payment.redemption)

    @display(description=_("provider"))
    def provider(self, refund: Refund) -> str:
        return named(refund.payment.provider)


@admin.register(MallPolicy)
class MallPolicyAdmin(OneRow):
    fieldsets = [
        (_("Prices in points and yuan"), {"fields": ["pay_minutes", "counter_hours", "counter_words"]}),
        (_("Texts to members"), {"fields": ["text"]}),
    ]
