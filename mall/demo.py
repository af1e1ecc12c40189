"""The demo brand's mall: its gifts, how it is dressed, and what its members have done so far."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from mall import demo_coupons, demo_draws, demo_gifts, demo_life, demo_storefront
from mall.models import Gift

OPENED = timedelta(days=60)


@transaction.atomic
def load(*, at: datetime, members: int, orders: int) -> None:
    """Put gifts on the shelf and let some members redeem, if there are no gifts yet."""
    if Gift.objects.exists():
        return
    gifts = demo_gifts.make(at=at, opened=at - OPENED)
    demo_storefront.dress(gifts)
    demo_life.live(gifts, at=at)
    demo_coupons.load(at=at)
    demo_draws.load(at=at)
