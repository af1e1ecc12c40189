"""Pictures of gifts. What a picture is, `mall.pictures` decides; here stands under which name it was drawn."""

from __future__ import annotations

from django.apps import apps
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from mall import pictures
from mall.models.gifts import Gift


class Pictured(models.Model):
    """Something that is shown by a picture: its name, the pixels of its widest drawing, and its words."""

    key = models.CharField(max_length=32, editable=False, default="")
    width = models.PositiveIntegerField(_("width"), editable=False, default=0)
    height = models.PositiveIntegerField(_("height"), editable=False, default=0)
    alt = models.CharField(
        _("in words"),
        max_length=120,
        blank=True,
        help_text=_("What the picture shows, for who cannot see it. Empty: it only decorates."),
    )

    class Meta:
        abstract = True

    @property
    def src(self) -> str:
        """Return the address of a drawing of middle width, for browsers that choose none."""
        widths = pictures.widths(self.width)
        return self._address(widths[min(1, len(widths) - 1)])

    @property
    def srcset(self) -> str:
        """Return the addresses of all drawings with their widths, as a browser chooses from them."""
        return ", ".join(f"{self._address(width)} {width}w" for width in pictures.widths(self.width))

    @property
    def smallest(self) -> str:
        """Return the address of the narrowest drawing."""
        return self._address(pictures.widths(self.width)[0])

    def show(self, stored: pictures.Stored) -> None:
        """Take a stored picture; the caller saves."""
        self.key, self.width, self.height = stored

    def _address(self, width: int) -> str:
        return reverse("picture", args=[f"{self.key}-{width}.webp"])


class GiftPicture(Pictured):
    """One of a gift's pictures; the first one stands for it in lists."""

    gift = models.ForeignKey(Gift, on_delete=models.CASCADE, related_name="pictures", verbose_name=_("gift"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")

    def __str__(self) -> str:
        return self.alt or str(self.gift)


def used_pictures() -> set[str]:
    """Return the names of all pictures that something shows."""
    models_ = [model for model in apps.get_app_config("mall").get_models() if issubclass(model, Pictured)]
    return {key for model in models_ for key in model._default_manager.values_list("key", flat=True)}
