"""Claims that staff look at: accepted or refused, one or many at a time; and what holds for all claims."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from config.back_office import MOST_LISTED, VIEW, Facts, OneRow, actor, address, ask, link, log
from members.admin import sees_phones
from members.forms import e164
from members.models import Identity, Member
from orders import claims, moving
from orders.models import Claim, ClaimPolicy, Order

State = Claim.State
STATE_COLOURS = {
    State.WAITING: "info",
    State.CREDITED: "success",
    State.IN_REVIEW: "warning",
    State.REFUSED: "danger",
    State.GIVEN_UP: "default",
}


class RefuseForm(forms.Form):
    note = forms.CharField(
        label=_("reason"),
        max_length=200,
        help_text=_("The member reads it as you write it."),
        widget=UnfoldAdminTextInputWidget,
    )


class GiveForm(forms.Form):
    """Whether the buyer's platform account goes along with the order; asked where it is another member's."""

    rebind = forms.BooleanField(
        label=_("Bind the buyer's account to this member too"),
        required=False,
        help_text=_("Then later orders of this account are this member's. Orders that were credited before stay."),
        widget=UnfoldBooleanSwitchWidget,
    )
    _given = forms.CharField(initial="1", widget=forms.HiddenInput)


@admin.register(Claim)
class ClaimAdmin(Facts):
    list_display = ["number", "made_at", "member", "shop", "paid", "proof", "shown_reason", "shown_state"]
    list_select_related = ["member", "channel", "order__channel"]
    list_filter = ["reason", "channel"]
    sortable_by = ()
    search_fields = ["number"]
    search_help_text = _("The whole order number, or a member's whole phone number")
    actions = ["accept", "refuse"]
    actions_detail = ["accept_one", "give_one", "refuse_one"]
    rights = {
        "view": VIEW,
        "change": _("accept and refuse claims"),
        "give_claim": _("take an order from a member and give it to another"),
    }
    fieldsets = [
        (None, {"fields": [("number", "shop"), ("member", "state"), ("reason", "proof")]}),
        (_("The order"), {"fields": [("order", "order_facts"), ("account_of", "others")]}),
        (_("What happened"), {"fields": [("made_at", "from_address"), ("decided_at", "actor"), "note"]}),
    ]
    readonly_fields = ["shop", "order_facts", "account_of", "others", "from_address"]
    empty_hint = _("Members enter order numbers on their pages; what they enter appears here.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Claim]:
        rows = super().get_queryset(request)
        return rows.order_by("id" if request.GET.get("state__in") == State.IN_REVIEW else "-id")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        if phone := e164(words):
            return queryset.filter(member__in=Member.objects.filter(phone=phone)), False
        return queryset.filter(number=words), False

    def has_decide_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("orders.change_claim"))

    def has_give_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("orders.give_claim"))

    @action(description=_("Accept the selected"), icon="check", permissions=["decide"])
    def accept(self, request: HttpRequest, queryset: QuerySet[Claim]) -> HttpResponse | None:
        """Give the orders of claims in review to their members, after asking."""
        return self._accept(request, queryset, back=request.get_full_path())

    @action(description=_("Refuse the selected"), icon="close", permissions=["decide"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[Claim]) -> HttpResponse | None:
        """Refuse claims in review or waiting, for a reason."""
        return self._refuse(request, queryset, back=request.get_full_path())

    @action(description=_("Accept"), icon="check", permissions=["decide"], variant=ActionVariant.PRIMARY)
    def accept_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the order to the member, after asking."""
        return self._one(request, object_id, self._accept)

    @action(description=_("Refuse"), icon="close", permissions=["decide"])
    def refuse_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Refuse the claim, for a reason."""
        return self._one(request, object_id, self._refuse)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Offer to decide what is not decided yet."""
        claim = Claim.objects.select_related("order__channel", "order__member").filter(pk=object_id).first()
        offered = _offered(claim) if claim else ()
        return [one for one in super().get_actions_detail(request, object_id) if one.action_name.endswith(offered)]

    @action(description=_("Give it to this member"), icon="move_down", permissions=["give"])
    def give_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the order from the member who has it and give it to who claims it, after asking."""
        back, at = address(Claim, "change", object_id), timezone.now()
        claim = Claim.objects.select_related("order__channel", "order__member", "member").filter(pk=object_id).first()
        form = _rebinding(request, claim)
        try:
            if claim is None:
                raise moving.NotMovable(gettext("There is no such claim."))
            moved = moving.foresee(claim_id=claim.pk, at=at)
            asked = ask(
                request,
                self,
                title=_("Give it to this member"),
                question=lambda: _what_moves(claim, moved, form),
                confirm=_("Give it to this member"),
                back=back,
                form=form,
                danger=True,
            )
            if asked is not None:
                return asked
            rebind = bool(form and form.cleaned_data["rebind"])
            moved = moving.give(claim_id=claim.pk, at=at, actor_id=actor(request), rebind=rebind)
        except moving.NotMovable as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(back)
        log(request, [claim], gettext("The order was given to this member."))
        done = gettext("The order is %(member)s's now: %(taken)s points were taken back, %(points)s given.")
        messages.success(request, done % {"member": claim.member, "taken": moved.taken, "points": moved.points})
        return HttpResponseRedirect(back)

    def _one(self, request: HttpRequest, object_id: str, act: Callable[..., HttpResponse | None]) -> HttpResponse:
        back = address(Claim, "change", object_id)
        return act(request, Claim.objects.filter(pk=object_id), back=back) or HttpResponseRedirect(back)

    def _accept(self, request: HttpRequest, rows: QuerySet[Claim], *, back: str) -> HttpResponse | None:
        open_ones = rows.filter(state=State.IN_REVIEW)
        asked = self._asked(request, open_ones, _accept_how_many, back=back, title=_("Accept"))
        if isinstance(asked, HttpResponse) or asked is None:
            return asked
        accepted = claims.accept(claim_ids=asked, at=timezone.now(), actor_id=actor(request))
        log(request, Claim.objects.filter(pk__in=asked, state=State.CREDITED), gettext("Accepted."))
        done = ngettext("%(number)s claim accepted.", "%(number)s claims accepted.", accepted)
        messages.success(request, done % {"number": accepted})
        if left := len(asked) - accepted:
            words = gettext("%(number)s not: the order is another member's by now, or does not count any more.")
            messages.warning(request, words % {"number": left})
        return None

    def _refuse(self, request: HttpRequest, rows: QuerySet[Claim], *, back: str) -> HttpResponse | None:
        open_ones = rows.filter(state__in=[State.IN_REVIEW, State.WAITING])
        form = RefuseForm(request.POST if "note" in request.POST else None)
        asked = self._asked(request, open_ones, _refuse_how_many, back=back, title=_("Refuse"), form=form, danger=True)
        if isinstance(asked, HttpResponse) or asked is None:
            return asked
        note = form.cleaned_data["note"]
        refused = claims.refuse(claim_ids=asked, at=timezone.now(), actor_id=actor(request), note=note)
        done = ngettext("%(number)s claim refused.", "%(number)s claims refused.", refused) % {"number": refused}
        log(request, Claim.objects.filter(pk__in=asked, state=State.REFUSED), f"{gettext('Refused.')} {note}")
        messages.success(request, done)
        return None

    def _asked(
        self,
        request: HttpRequest,
        rows: QuerySet[Claim],
        asks: Callable[[int], str],
        *,
        back: str,
        form: Any = None,
        **page: Any,
    ) -> list[int] | HttpResponse | None:
        """Return the page that asks, or the claims to decide; None: there is nothing to decide."""
        ids = list(rows.order_by("id").values_list("pk", flat=True))
        if not ids:
            messages.warning(request, gettext("None of the selected waits for a decision."))
            return None

        def question() -> list[Any]:
            reason = [gettext("Reason: %(reason)s") % {"reason": form.cleaned_data["note"]}] if form else []
            return [asks(len(ids)), *reason]

        shown = rows.order_by("id").select_related("member", "order")[:MOST_LISTED]
        answer = ask(
            request,
            self,
            question=question,
            confirm=page["title"],
            back=back,
            form=form,
            objects=[_line(one) for one in shown],
            total=len(ids),
            **page,
        )
        return ids if answer is None else answer

    @display(description=_("channel"))
    def shop(self, claim: Claim) -> str:
        """Return the shop of the order, or that which the member chose."""
        return str((claim.order.channel if claim.order else claim.channel) or "–")

    @display(description=_("paid and kept"))
    def paid(self, claim: Claim) -> str:
        return f"{claim.order.net_paid:,.2f}" if claim.order else "–"

    @display(description=_("why"))
    def shown_reason(self, claim: Claim) -> str:
        return claim.get_reason_display() or "–"

    @display(description=_("state"), label=STATE_COLOURS)
    def shown_state(self, claim: Claim) -> tuple[str, str]:
        return claim.state, claim.get_state_display()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            obj.whole_phone = sees_phones(request)
        return super().get_form(request, obj, change, **kwargs)

    @display(description=_("what was bought"))
    def order_facts(self, claim: Claim) -> SafeString | str:
        if claim.order is None:
            return gettext("No file has brought this order yet.")
        order = claim.order
        phone = order.phone if getattr(claim, "whole_phone", False) else Member(phone=order.phone or None).masked_phone
        paid = f"¥{order.net_paid:,.2f}"
        when = f"{timezone.localtime(order.paid_at):%Y-%m-%d %H:%M}" if order.paid_at else ""
        facts = (paid, order.get_status_display(), when, order.buyer, phone)
        return format_html_join(SafeString(" · "), "{}", ((fact,) for fact in facts if fact))

    @display(description=_("the buyer's account or phone belongs to"))
    def account_of(self, claim: Claim) -> SafeString | str:
        owners = _owners(claim.order) if claim.order else []
        return format_html_join(SafeString("<br>"), "{}", ((_linked(owner),) for owner in owners)) or "–"

    @display(description=_("other claims of this order"))
    def others(self, claim: Claim) -> SafeString | str:
        same = Claim.objects.filter(order=claim.order) if claim.order else Claim.objects.none()
        rows = same.exclude(pk=claim.pk).select_related("member").order_by("id")[:10]
        lines = ((link(address(Claim, "change", c.pk), c.member), c.get_state_display()) for c in rows)
        return format_html_join(SafeString("<br>"), "{} · {}", lines) or "–"

    @display(description=_("internet address"))
    def from_address(self, claim: Claim) -> SafeString | str:
        if not claim.address:
            return "–"
        day = (claim.made_at - timedelta(days=1), claim.made_at)
        there = Claim.objects.filter(address=claim.address, made_at__range=day).values("member").distinct().count()
        words = ngettext("%(number)s member in a day", "%(number)s members in a day", there) % {"number": there}
        return format_html("{} · {}", claim.address, words)


def _offered(claim: Claim) -> tuple[str, ...]:
    """Return how a claim may be decided now."""
    if claim.state == State.WAITING:
        return ("refuse_one",)
    order = claim.order
    if order is None or not claim.may_be_given:
        return ()
    anothers = {one.pk for one in (order.member, moving.account_of(order)) if one} - {claim.member_id}
    give = ("give_one",) if anothers else ()
    return ("accept_one", "refuse_one", *give) if claim.state == State.IN_REVIEW else give


def _rebinding(request: HttpRequest, claim: Claim | None) -> GiveForm | None:
    """Return the form that asks whether the account goes along; None where it is nobody's or this member's."""
    owner = moving.account_of(claim.order) if claim and claim.order else None
    if claim is None or owner is None or owner.pk == claim.member_id:
        return None
    return GiveForm(request.POST if "_given" in request.POST else None)


def _what_moves(claim: Claim, moved: moving.Moved, form: GiveForm | None) -> list[str]:
    """Return in sentences what giving the order to the member does."""
    names = {"number": claim.number, "member": claim.member, "loser": moved.loser}
    amounts = {name: f"{value:,}" for name, value in moved._asdict().items() if isinstance(value, int)}
    said = [gettext("Give order %(number)s to %(member)s?")]
    if moved.loser:
        said.append(gettext("%(loser)s loses %(taken)s points and %(growth_taken)s growth value."))
        said.append(gettext("%(loser)s reads that the order was looked at again, never whose it is."))
    if moved.owed:
        said.append(gettext("%(owed)s of these points are spent: %(loser)s owes them, and the next points repay them."))
    if moved.short:
        said.append(gettext("%(short)s of these points are spent and are let go, as the points policy says."))
    said.append(gettext("%(member)s gets %(points)s points and %(growth)s growth value."))
    if form and form.cleaned_data["rebind"]:
        said.append(gettext("The buyer's account becomes %(member)s's: its later orders as well."))
    return [sentence % {**names, **amounts} for sentence in said]


def _accept_how_many(number: int) -> str:
    asks = ngettext(
        "Accept %(number)s claim? Its order becomes the member's and gives points.",
        "Accept %(number)s claims? Their orders become the members' and give points.",
        number,
    )
    return asks % {"number": number}


def _refuse_how_many(number: int) -> str:
    return ngettext("Refuse %(number)s claim?", "Refuse %(number)s claims?", number) % {"number": number}


def _line(claim: Claim) -> str:
    paid = f" · ¥{claim.order.net_paid:,.2f}" if claim.order else ""
    return f"{claim.number} · {claim.member}{paid} · {claim.get_reason_display() or claim.get_state_display()}"


def _linked(member: Member) -> SafeString:
    return link(address(Member, "change", member.pk), member)


def _owners(order: Order) -> list[Member]:
    """Return the members that the buyer of an order seems to be."""
    found = [order.member] if order.member else []
    if order.buyer:
        accounts = Identity.objects.filter(channel=order.channel.format, external_id=order.buyer)
        found += [account.member for account in accounts.select_related("member")]
    if order.phone:
        found += list(Member.objects.live().filter(phone=order.phone))
    return list({member.pk: member for member in found}.values())


@admin.register(ClaimPolicy)
class ClaimPolicyAdmin(OneRow):
    fieldsets = [
        (None, {"fields": ["waiting_days", "text"]}),
        (_("Limits"), {"fields": ["per_address"]}),
        (_("Staff look at it"), {"fields": [("accounts", "many")]}),
    ]
