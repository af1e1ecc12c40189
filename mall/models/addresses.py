"""Where a member's parcels go."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models import Member

MOST_ADDRESSES = 20


class SavedAddress(models.Model):
    """One of a member's addresses; one of them at most is his usual one. Changed through `mall.addresses`."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="addresses", verbose_name=_("member"))
    recipient = models.CharField(_("recipient"), max_length=60)
    phone = models.CharField(_("recipient's phone"), max_length=30)
    region = models.CharField(_("region"), max_length=6, help_text=_("Code of the division."))
    place = models.CharField(_("province, city, district"), max_length=60)
    street = models.CharField(_("street and house"), max_length=200)
    usual = models.BooleanField(_("usual address"), default=False)

    class Meta:
        ordering = ["-usual", "-id"]
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        constraints = [
            models.UniqueConstraint(fields=["member"], condition=Q(usual=True), name="address_one_usual"),
        ]

    def __str__(self) -> str:
        return f"{self.place} {self.street}"

    @property
    def masked_phone(self) -> str:
        """Return the phone with its middle hidden."""
        return f"{self.phone[:3]}****{self.phone[-4:]}" if len(self.phone) > 8 else "****"
