"""What the beat does for the mall."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from mall import awards, coupon_rounds, favourites, interest, lottery, paying, pictures, refunding, telling, treasure
from mall.models import CouponRound, used_pictures

A_DAY = timedelta(days=1)
UNTOUCHED = timedelta(seconds=45)
BEAT = 20  # seconds from one `resume_coupon_rounds` to the next

logger = logging.getLogger(__name__)


@shared_task
def sweep_pictures() -> None:
    """Delete pictures that nobody shows any more."""
    pictures.sweep(used_pictures(), before=timezone.now() - A_DAY)


@shared_task
def settle_payments() -> None:
    """Ask about open payments, let go what was not paid in time, give back what is due. Nothing waits for it."""
    at = timezone.now()
    paying.ask_providers(at=at)
    paying.let_go(at=at)
    refunding.send(at=at)


@shared_task
def settle_draw(treasure_id: int) -> None:
    """Draw a treasure draw that has just become full. If this is lost, the beat does it (`settle_draws`)."""
    treasure.settle(treasure_id=treasure_id, at=timezone.now())


@shared_task
def settle_draws() -> None:
    """Draw and refund treasure draws, close lotteries, take back unclaimed prizes. Run again it goes on from there."""
    at = timezone.now()
    treasure.settle_due(at=at)
    lottery.close_over(at=at)
    awards.lapse_over(at=at)


@shared_task
def count_interest() -> None:
    interest.count(at=timezone.now())


@shared_task
def refresh_favourites() -> None:
    favourites.refresh(at=timezone.now())


@shared_task
def text_members() -> None:
    """Send members texts about their parcels. Run again, or twice at once, it sends none twice."""
    telling.text_members(at=timezone.now())


@shared_task
def give_coupons(round_id: int) -> None:
    """Give the coupons of a round to the end. Delivered twice, or killed and started again, nobody gets two."""
    while coupon_rounds.step(round_id=round_id, at=timezone.now()):
        pass


def start_giving(round_id: int) -> None:
    """Let a worker give the coupons of a round once it is stored. Without a broker the beat starts it later."""
    transaction.on_commit(partial(_publish, round_id))


def _publish(round_id: int) -> None:
    try:
        give_coupons.delay(round_id)
    except OperationalError:
        logger.warning("no broker: the beat starts round %s of coupons", round_id, exc_info=True)


@shared_task
def resume_coupon_rounds() -> None:
    """Start rounds whose worker is gone, or whose start was lost. A message that waits lapses before the next."""
    for round_id in CouponRound.objects.left_alone(since=timezone.now() - UNTOUCHED).values_list("pk", flat=True):
        give_coupons.apply_async((round_id,), expires=BEAT)
