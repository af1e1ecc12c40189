"""The lottery's pages, the list of all draws, and what a member won."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config import sql
from loyalty import ledger
from mall import awards, drawing, lottery, redeeming
from mall.draw_forms import TryForm
from mall.forms import WhereForm, likely, new_key
from mall.models import Draw, DrawPlay, Gift, Medal, TreasureDraw, TreasureEntry, WonGift
from mall.views.checkout import keep_address
from members.models import Member
from members.news import SOURCES, News
from members.views import member_required

MOST_LISTED = 20
MOST_NEWS = 3
NEWS_KEPT = timedelta(days=7)


@require_safe
@member_required
def draws(request: HttpRequest, member: Member) -> HttpResponse:
    """Lotteries and treasure draws, open, to come and past."""
    at = timezone.now()
    context = {
        "shelf": drawing.listed(member, at=at),
        "available": ledger.standing(member_id=member.pk, at=at).available,
        "at": at,
    }
    return render(request, "mall/draws/draws.html", context)


@member_required
def lottery_page(request: HttpRequest, member: Member, draw_id: int) -> HttpResponse:
    """One lottery: its prizes and odds, and a try."""
    draw = get_object_or_404(Draw.objects.exclude(state=Draw.State.DRAFT), pk=draw_id)
    if request.method == "POST":
        return _try(request, member, draw)
    at, zone = timezone.now(), request.programme.time_zone  # type: ignore[attr-defined]
    available = ledger.standing(member_id=member.pk, at=at).available
    wheel = drawing.wheel(draw.pk, member, available=available, at=at, zone=zone)
    context = {
        "wheel": wheel,
        "draw": wheel.draw,
        "available": available,
        "key": new_key(),
        "plays": DrawPlay.objects.of(member).filter(draw=draw)[:5],
    }
    return render(request, "mall/draws/lottery.html", context)


def _try(request: HttpRequest, member: Member, draw: Draw) -> HttpResponse:
    form = TryForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("This form is damaged. Please open the page again."))
        return redirect("lottery", draw.pk)
    try:
        play = lottery.play(
            member_id=member.pk, draw_id=draw.pk, at=timezone.now(), request_key=form.cleaned_data["request_key"]
        )
    except lottery.REFUSALS as refusal:
        messages.error(request, str(refusal))
        return redirect("lottery", draw.pk)
    except redeeming.KeyReused:
        messages.error(request, _("This page was used before. Please start again."))
        return redirect("lottery", draw.pk)
    return redirect("lottery_result", play.pk)


@require_safe
@member_required
def lottery_result(request: HttpRequest, member: Member, play_id: int) -> HttpResponse:
    """What a try gave."""
    play = get_object_or_404(DrawPlay.objects.of(member).select_related("hit", "prize__gift"), pk=play_id)
    at, zone = timezone.now(), request.programme.time_zone  # type: ignore[attr-defined]
    available = ledger.standing(member_id=member.pk, at=at).available
    context = {
        "play": play,
        "wheel": drawing.wheel(play.draw_id, member, available=available, at=at, zone=zone),
        "available": available,
        "won": WonGift.objects.told().filter(play=play).first(),
        "worn": _worn(play),
    }
    return render(request, "mall/draws/result.html", context)


def _worn(play: DrawPlay) -> bool:
    """Return whether the member hit a medal that he had before, and so got the consolation."""
    medal = play.prize.consolation and play.hit is not None and play.hit.gift_id
    return bool(medal) and Medal.objects.filter(member=play.member_id, gift=medal, given_at__lte=play.at).exists()


@require_safe
@member_required
def my_draws(request: HttpRequest, member: Member) -> HttpResponse:
    """The member's prizes, entries and tries."""
    context = {
        "won": WonGift.objects.of(member)[:MOST_LISTED],
        "entries": TreasureEntry.objects.of(member)[:MOST_LISTED],
        "plays": DrawPlay.objects.of(member)[:MOST_LISTED],
        "at": timezone.now(),
    }
    return render(request, "mall/draws/mine.html", context)


@member_required
def prize(request: HttpRequest, member: Member, won_id: int) -> HttpResponse:
    """A won gift: ask where it goes, or show what became of it."""
    won = get_object_or_404(WonGift.objects.of(member), pk=won_id)
    if won.redemption_id:
        return redirect("redemption", won.redemption_id)
    at = timezone.now()
    sent = won.gift.kind in Gift.SENT
    form = WhereForm(request.POST if request.method == "POST" else None, initial=likely(member), member=member)
    context = {"won": won, "over": won.lapsed_at is not None or won.claim_until <= at, "form": form if sent else None}
    if request.method != "POST":
        return render(request, "mall/draws/prize.html", context)
    if sent and not form.is_valid():
        return render(request, "mall/draws/prize.html", context, status=422)
    try:
        redemption = awards.claim(won_id=won.pk, member_id=member.pk, at=at, address=form.to if sent else None)
    except redeeming.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("prize", won.pk)
    if sent:
        keep_address(member, form)
    messages.success(request, _("Claimed: it is yours."))
    return redirect("redemption", redemption.pk)


def news(member: Member, at: datetime) -> list[News]:
    """Tell of prizes that wait for their winner, and for some days of treasure draws that the member was in."""
    told = sql.run("mall", "draw_news", member=member.pk, at=at, since=at - NEWS_KEPT, most=MOST_NEWS)
    return [_news(*row) for row in told]


def _news(what: str, pk: int, name: str, until: datetime | None, number: int | None, his: bool) -> News:
    if until:
        date = date_format(timezone.localtime(until), "DATE_FORMAT")
        words = _("You won: %(prize)s. Claim it until %(date)s.") % {"prize": name, "date": date}
        return News(words, reverse("prize", args=[pk]), "success")
    page, said = reverse("treasure", args=[pk]), {"draw": name, "number": number}
    if what == TreasureDraw.State.REFUNDED:
        return News(_("%(draw)s did not take place: your points are back.") % said, page)
    if his:
        return News(_("%(draw)s: your number %(number)s has won!") % said, page, "success")
    return News(_("%(draw)s: number %(number)s has won. Thank you for taking part!") % said, page)


SOURCES.append(news)
