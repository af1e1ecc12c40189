"""How staff dress the mall: colours and logo, banners, notices, and the sections of the storefront."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from mall.colours import Palette
from mall.models.categories import Category
from mall.models.gifts import Gift
from mall.models.pictures import Pictured

ACCENT = "#0d6b5b"
OWN_PAGE = RegexValidator(
    r"^/(?![/\\])[^\s<>\"']*$", _("Begin with a single slash, like /how-it-works/: only pages of this site.")
)


class ShownQuerySet(models.QuerySet[Any]):
    def on_show(self, at: datetime, *, drafts: bool = False) -> Self:
        """Return what is shown at a moment; with `drafts` also what is switched off."""
        begun = Q(opens_at=None) | Q(opens_at__lte=at)
        not_over = Q(closes_at=None) | Q(closes_at__gt=at)
        return self.filter(begun, not_over, *([] if drafts else [Q(active=True)]))


class Shown(models.Model):
    """Something on the storefront, for a time, in an order."""

    active = models.BooleanField(_("shown"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    opens_at = models.DateTimeField(_("from"), null=True, blank=True)
    closes_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = ShownQuerySet.as_manager()

    class Meta:
        abstract = True

    def clean(self) -> None:
        super().clean()
        if self.opens_at and self.closes_at and self.opens_at >= self.closes_at:
            raise ValidationError({"closes_at": _("The end must come after the beginning.")})


class Look(Pictured):
    """The brand's colour and logo: one row, made with these defaults when first asked for."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    accent = models.CharField(
        _("brand colour"),
        max_length=7,
        default=ACCENT,
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", _("Write a colour as # and six digits, like #0d6b5b."))],
        help_text=_("Buttons and links have it. Where it could not be read, it is made darker or lighter by itself."),
    )

    class Meta:
        verbose_name = _("look of the mall")
        verbose_name_plural = _("look of the mall")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="look_is_one_row"),
            models.CheckConstraint(condition=Q(accent__regex=r"^#[0-9a-fA-F]{6}$"), name="look_accent_is_a_colour"),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def current(cls) -> Look:
        """Return the one row, saved or not."""
        return cls.objects.first() or cls()

    @property
    def palette(self) -> Palette:
        return Palette.of(self.accent)


class Banner(Shown, Pictured):
    """A wide picture at the head of the storefront; it may lead to a gift, a shelf or a page of this site."""

    title = models.CharField(_("title"), max_length=40, blank=True, help_text=_("Stands below the picture."))
    gift = models.ForeignKey(
        Gift, on_delete=models.SET_NULL, null=True, blank=True, db_index=False, verbose_name=_("leads to the gift")
    )
    category = models.ForeignKey(
        Category, on_delete=models.SET_NULL, null=True, blank=True, db_index=False, verbose_name=_("or to the category")
    )
    page = models.CharField(_("or to the page"), max_length=200, blank=True, validators=[OWN_PAGE])

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("banner")
        verbose_name_plural = _("banners")
        constraints = [
            models.CheckConstraint(
                condition=Q(opens_at=None) | Q(closes_at=None) | Q(opens_at__lt=F("closes_at")), name="banner_window"
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.alt or f"#{self.pk}"

    @property
    def leads_to(self) -> str:
        """Return the address that the banner leads to; empty for none."""
        if self.gift_id:
            return reverse("gift", args=[self.gift_id])
        return f"{reverse('mall')}?category={self.category_id}" if self.category_id else self.page

    def clean(self) -> None:
        super().clean()
        if sum(map(bool, (self.gift_id, self.category_id, self.page))) > 1:
            raise ValidationError(_("A banner leads to one place: choose a gift, a category or a page."))


class Notice(Shown):
    """A sentence above the gifts."""

    words = models.CharField(_("sentence"), max_length=120)
    page = models.CharField(_("leads to the page"), max_length=200, blank=True, validators=[OWN_PAGE])

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.CheckConstraint(
                condition=Q(opens_at=None) | Q(closes_at=None) | Q(opens_at__lt=F("closes_at")), name="notice_window"
            ),
        ]

    def __str__(self) -> str:
        return self.words


class Section(Shown):
    """A row of gifts on the storefront."""

    class Kind(models.TextChoices):
        FEATURED = "featured", _("Selection")
        AFFORDABLE = "affordable", _("What I can redeem")
        NEWEST = "newest", _("New gifts")
        CATEGORY = "category", _("A category")
        PICKED = "picked", _("Gifts picked by hand")

    kind = models.CharField(_("shows"), max_length=10, choices=Kind, default=Kind.FEATURED)
    title = models.CharField(_("title"), max_length=30, blank=True, help_text=_("Empty: named after what it shows."))
    category = models.ForeignKey(
        Category, on_delete=models.CASCADE, null=True, blank=True, db_index=False, verbose_name=_("category")
    )
    most = models.PositiveSmallIntegerField(
        _("gifts at most"), default=4, validators=[MinValueValidator(1), MaxValueValidator(24)]
    )
    picks = models.ManyToManyField(Gift, through="SectionPick", related_name="+", verbose_name=_("gifts"))

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="category") | Q(category__isnull=False), name="section_of_a_category_has_it"
            ),
            models.CheckConstraint(
                condition=Q(opens_at=None) | Q(closes_at=None) | Q(opens_at__lt=F("closes_at")), name="section_window"
            ),
            models.CheckConstraint(condition=Q(most__range=(1, 24)), name="section_most_1_to_24"),
        ]

    def __str__(self) -> str:
        if self.title:
            return self.title
        return str(self.category if self.kind == self.Kind.CATEGORY else self.get_kind_display())

    def clean(self) -> None:
        super().clean()
        if self.kind == self.Kind.CATEGORY and not self.category_id:
            raise ValidationError({"category": _("Choose the category.")})


class SectionPick(models.Model):
    """A gift in a section picked by hand."""

    section = models.ForeignKey(Section, on_delete=models.CASCADE, related_name="picked", verbose_name=_("section"))
    gift = models.ForeignKey(Gift, on_delete=models.CASCADE, db_index=False, verbose_name=_("gift"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("picked gift")
        verbose_name_plural = _("picked gifts")
        constraints = [models.UniqueConstraint(fields=["section", "gift"], name="section_pick_once")]

    def __str__(self) -> str:
        return str(self.gift)
