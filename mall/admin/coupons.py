"""The brand's own coupons: what there is with its figures, giving it to members, and what they hold."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from config.back_office import VIEW, Desk, actor, address, ask, log
from loyalty.ledger import KeyReused
from mall import counter, coupon_rounds, coupons
from mall.admin.coupon_forms import GiveForm
from mall.admin.coupon_rounds import sees_rounds
from mall.admin.coupon_till import Till
from mall.coupon_words import condition, worth, yuan
from mall.models import Coupon, CouponLeftOut, CouponRound, CouponType
from mall.redeeming import Refused
from mall.tasks import start_giving
from members.forms import e164
from members.models import Member

COLOURS = {"OPEN": "warning", "LATER": "info", "USED": "success", "ENDED": "default", "VOIDED": "danger"}


@admin.register(CouponType)
class CouponTypeAdmin(Desk):
    list_display = [
        "name",
        "shown_worth",
        "shown_condition",
        "shown_tier",
        "shown_issued",
        "used",
        "shown_ended",
        "shown_discount",
        "active",
    ]
    list_select_related = ["tier"]
    list_filter = ["active", "kind"]
    search_fields = ["name"]
    sortable_by = ()
    fieldsets = [
        (None, {"fields": ["name", ("kind", "value"), ("minimum_spend", "most_off"), "terms", "active"]}),
        (_("Validity"), {"fields": ["valid_days", "valid_from", "valid_until"]}),
        (
            _("For whom"),
            {"fields": ["tier", ("tier_exactly", "tier_at_use"), ("limit_total", "limit_per_member")]},
        ),
    ]
    conditional_fields = {"most_off": "kind != 'AMOUNT'"}
    actions_detail = ["give", "rounds"]
    empty_hint = _("Add a coupon, then give it to members or make a gift of the kind “coupon of the brand”.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CouponType]:
        return super().get_queryset(request).with_ended(timezone.now())

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        used = obj is not None and (obj.coupons.exists() or obj.gifts.exists() or obj.rounds.exists())
        return super().has_delete_permission(request, obj) and not used

    def has_give_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.add_coupon"))

    def has_rounds_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return sees_rounds(request)

    @action(description=_("Give to members"), icon="redeem", permissions=["give"])
    def give(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let a worker give one each to a tier, to some numbers, or to all; say before how many get one."""
        kind = get_object_or_404(CouponType, pk=object_id)
        form, back = GiveForm(request.POST or None), address(CouponType, "change", kind.pk)
        page = ask(
            request,
            self,
            title=_("Give %(coupon)s to members") % {"coupon": kind},
            introduction=f"{worth(kind)} · {condition(kind)}",
            question=lambda: _preview(form.round(kind, timezone.now(), actor(request))),
            confirm=_("Give to members"),
            back=back,
            form=form,
        )
        if page is not None:
            return page
        try:
            begun = _begin(request, form.round(kind, timezone.now(), actor(request)))
        except KeyReused:
            words = gettext("Nothing was given: this form was sent before with other content. Open it again.")
            messages.error(request, words)
            return HttpResponseRedirect(back)
        return HttpResponseRedirect(address(CouponRound, "change", begun.pk))

    @action(description=_("Given to many"), icon="outbox", permissions=["rounds"])
    def rounds(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show to whom it was given, and how far that is."""
        return HttpResponseRedirect(f"{address(CouponRound, 'changelist')}?type__id__exact={int(object_id)}")

    @display(description=_("worth"))
    def shown_worth(self, kind: CouponType) -> str:
        return worth(kind)

    @display(description=_("condition"))
    def shown_condition(self, kind: CouponType) -> str:
        return condition(kind)

    @display(description=_("for tier"))
    def shown_tier(self, kind: CouponType) -> str:
        words = "%(tier)s" if kind.tier_exactly else gettext("from %(tier)s")
        return words % {"tier": kind.tier} if kind.tier else gettext("all")

    @display(description=_("issued"))
    def shown_issued(self, kind: CouponType) -> str:
        return f"{kind.issued:,} / {kind.limit_total:,}" if kind.limit_total else f"{kind.issued:,}"

    @display(description=_("expired unused"))
    def shown_ended(self, kind: Any) -> str:
        return f"{kind.ended:,}"

    @display(description=_("discount given"))
    def shown_discount(self, kind: CouponType) -> str:
        return f"¥{kind.discount:,.2f}"


@transaction.atomic
def _begin(request: HttpRequest, planned: CouponRound) -> CouponRound:
    """Begin a round, log it and start it, once; a form that was sent twice only shows it again."""
    begun, new = coupon_rounds.begin(planned)
    if new:
        log(request, [begun.type], f"{gettext('Coupons given.')} {begun.to}")
        start_giving(begun.pk)
    return begun


def _preview(planned: CouponRound) -> list[str]:
    """Return how many would get one, and why others would not."""
    foreseen = coupon_rounds.foresee(planned, at=timezone.now())
    words = ngettext("Give %(coupon)s to %(number)s member?", "Give %(coupon)s to %(number)s members?", foreseen.given)
    told = [words % {"coupon": planned.type, "number": f"{foreseen.given:,}"}]
    for why, number in sorted(foreseen.left_out.items()):
        words = ngettext("%(number)s is left out: %(why)s", "%(number)s are left out: %(why)s", number)
        told.append(words % {"number": f"{number:,}", "why": CouponLeftOut.Why(why).label})
    return [*told, planned.note]


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("ready to use")), ("used", _("used")), ("gone", _("expired or void"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Coupon]:
        match self.value():
            case "open":
                return queryset.usable(timezone.now())
            case "used":
                return queryset.exclude(use=None)
            case "gone":
                return queryset.gone(timezone.now())
        return queryset


@admin.register(Coupon)
class CouponAdmin(Till):
    """A coupon is known here by its last four signs: the whole code is its owner's."""

    list_display = [
        "tail",
        "name",
        "member",
        "shown_state",
        "issued_at",
        "ends_at",
        "source",
        "shown_order",
        "shown_off",
    ]
    list_select_related = ["member", "use"]
    list_filter = [StateFilter, "source", "type"]
    search_fields = ["pk"]
    search_help_text = _("A whole code, an order number, or a member's whole phone number")
    sortable_by = ()
    rights = {
        "view": VIEW,
        "add": _("give to members"),
        "use_coupon": _("use and give back at the counter"),
        "delete": _("void"),
    }
    fieldsets = [
        (None, {"fields": [("tail", "state_words"), ("name", "member"), ("shown_worth", "shown_condition")]}),
        (
            _("What happened"),
            {"fields": [("source", "redemption"), ("given_by", "note"), "issued_at", ("starts_at", "ends_at")]},
        ),
        (_("Orders"), {"fields": ["trail", "voided_at"]}),
    ]
    readonly_fields = ["tail", "state_words", "shown_worth", "shown_condition", "trail"]
    actions_detail = ["void"]
    empty_hint = _("Members redeem coupons in the mall, or you give them some: open a coupon, “Give to members”.")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        if phone := e164(words):
            return queryset.filter(member__in=Member.objects.filter(phone=phone)), False
        of_code = queryset.filter(code=counter.typed(words))
        ids = Coupon.objects.filter(uses__order_reference=words).values("pk")
        return (of_code if of_code.exists() else queryset.filter(pk__in=ids)), False

    def has_void_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.delete_coupon"))

    @action(description=_("Void coupon"), icon="block", permissions=["void"], variant=ActionVariant.DANGER)
    def void(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Void a coupon that was given by mistake."""
        coupon = get_object_or_404(Coupon.objects.select_related("member"), pk=object_id, redemption=None)
        back = address(Coupon, "change", coupon.pk)
        page = ask(
            request,
            self,
            title=_("Void coupon"),
            question=lambda: [gettext("Void %(coupon)s of %(who)s?") % {"coupon": coupon, "who": coupon.member}],
            confirm=_("Void coupon"),
            back=back,
            danger=True,
        )
        if page is not None:
            return page
        try:
            coupons.void(coupon_id=coupon.pk, at=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            log(request, [coupon], gettext("Coupon voided."))
            messages.success(request, gettext("Coupon voided."))
        return HttpResponseRedirect(back)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Offer to void what staff gave and nobody used; what was redeemed goes back with its redemption."""
        given = Coupon.objects.filter(pk=object_id, redemption=None, voided_at=None, use=None).exists()
        return super().get_actions_detail(request, object_id) if given else []

    @display(description=_("coupon code"))
    def tail(self, coupon: Coupon) -> str:
        return coupon.tail

    @display(description=_("state"), label=COLOURS)
    def shown_state(self, coupon: Coupon) -> tuple[str, Any]:
        state = coupon.state_at(timezone.now())
        return state.value, state.label

    @display(description=_("state"))
    def state_words(self, coupon: Coupon) -> str:
        return str(coupon.state_at(timezone.now()).label)

    @display(description=_("worth"))
    def shown_worth(self, coupon: Coupon) -> str:
        return worth(coupon)

    @display(description=_("condition"))
    def shown_condition(self, coupon: Coupon) -> str:
        return condition(coupon)

    @display(description=_("order"))
    def shown_order(self, coupon: Coupon) -> str:
        return coupon.use.order_reference if coupon.use else "–"

    @display(description=_("discount"))
    def shown_off(self, coupon: Coupon) -> str:
        return f"¥{coupon.use.amount_off:,.2f}" if coupon.use else "–"

    @display(description=_("uses"))
    def trail(self, coupon: Coupon) -> SafeString | str:
        rows = (
            (
                f"{timezone.localtime(use.at):%Y-%m-%d %H:%M}",
                use.get_what_display(),
                use.order_reference,
                f"¥{yuan(use.order_amount)} − ¥{yuan(use.amount_off)}",
                f"{use.through} {use.actor or ''}".strip(),
            )
            for use in coupon.uses.select_related("actor").order_by("pk")
        )
        return format_html_join(SafeString("<br>"), "{} · {} · {} · {} · {}", rows) or gettext("none yet")
