"""What becomes of an order, in words that hold for every platform; amounts are yuan."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

MONEY: dict[str, Any] = {"max_digits": 14, "decimal_places": 2}


class Status(models.TextChoices):
    """Class of an order or of one of its rows, over all platforms."""

    UNPAID = "unpaid", _("unpaid")
    UNKNOWN = "unknown", _("status not known")
    CLOSED = "closed", _("closed")
    HOLD = "hold", _("on hold")
    PAID = "paid", _("paid")
    COMPLETED = "completed", _("completed")
    PARTIALLY_REFUNDED = "partially_refunded", _("partly refunded")
    REFUNDED = "refunded", _("refunded")


ELIGIBLE = (Status.PAID, Status.COMPLETED, Status.PARTIALLY_REFUNDED)
