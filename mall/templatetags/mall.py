"""How gifts are told, in the mall's templates."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.safestring import SafeString

from mall import coupon_words, markup, reversing
from mall.models import Redemption

register = template.Library()


@register.filter
def prose(text: str) -> SafeString:
    """Show what staff wrote in the small markup."""
    return markup.rendered(text)


@register.filter
def yuan(amount: Decimal) -> str:
    """199.00 → `¥199`, 9.90 → `¥9.90`."""
    return f"¥{amount:,.0f}" if amount == amount.to_integral_value() else f"¥{amount:,.2f}"


@register.filter
def points_for(redemption: Redemption, pieces: int) -> int:
    """Return the points that so many pieces bring back."""
    return reversing.points_for(redemption, pieces)


register.filter("worth", coupon_words.worth)
register.filter("coupon_condition", coupon_words.condition)
register.filter("coupon_validity", coupon_words.validity)
