"""Dressing the storefront: look, banners, notices, sections. All of it without code, and with a preview."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from config.back_office import Desk, OneRow
from mall import colours
from mall.admin.pictures import PictureField, PictureForm, thumbnail
from mall.models import Banner, Look, Notice, Section, SectionPick


class Dressed(Desk):
    """What is shown for a time, in an order; staff can look at the storefront from its list."""

    sortable_by = ()
    actions_list = ["preview"]
    list_editable = ["position", "active"]

    @action(description=_("Preview"), icon="visibility", url_path="preview", permissions=["view"])
    def preview(self, request: HttpRequest) -> HttpResponse:
        """Look at the storefront as it will be, with what is switched off."""
        return HttpResponseRedirect(reverse("storefront_preview"))

    @display(description=_("time"))
    def window(self, shown: Any) -> str:
        ends = [f"{timezone.localtime(end):%Y-%m-%d %H:%M}" if end else "" for end in (shown.opens_at, shown.closes_at)]
        return " – ".join(ends) if any(ends) else gettext("always")


class BannerForm(PictureForm):
    class Meta:
        model = Banner
        fields = ("title", "alt", "gift", "category", "page", "active", "position", "opens_at", "closes_at")

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        leads = given.get("gift") or given.get("category") or given.get("page")
        if leads and not (given.get("title") or given.get("alt")):
            raise ValidationError(
                {"alt": _("Who cannot see the picture must know where it leads: write a title or this.")}
            )
        return given


@admin.register(Banner)
class BannerAdmin(Dressed):
    form = BannerForm
    list_display = ["shown_picture", "shown_title", "window", "position", "active"]
    list_display_links = ["shown_picture", "shown_title"]
    autocomplete_fields = ["gift"]
    readonly_fields = ["shown_picture"]
    fieldsets = [
        (None, {"fields": ["upload", "shown_picture", ("title", "alt")]}),
        (_("Leads to"), {"fields": [("gift", "category"), "page"]}),
        (_("Shown when"), {"fields": [("active", "position"), "opens_at", "closes_at"]}),
    ]
    empty_hint = _("Add a banner: a wide picture (5 : 2) and where it leads.")

    @display(description=_("picture"))
    def shown_picture(self, banner: Banner) -> SafeString | str:
        return thumbnail(banner, wide=True)

    @display(description=_("title"))
    def shown_title(self, banner: Banner) -> str:
        return str(banner)


@admin.register(Notice)
class NoticeAdmin(Dressed):
    list_display = ["words", "window", "position", "active"]
    fieldsets = [
        (None, {"fields": ["words", "page"]}),
        (_("Shown when"), {"fields": [("active", "position"), "opens_at", "closes_at"]}),
    ]
    empty_hint = _("Add a sentence that members see above the gifts.")


class PickInline(TabularInline):
    model = SectionPick
    autocomplete_fields = ["gift"]
    fields = ["gift", "position"]
    ordering_field = "position"
    hide_ordering_field = True
    extra = 0
    max_num = 24

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.view_section"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.change_section" if obj else "mall.add_section"))

    has_add_permission = has_delete_permission = has_change_permission


@admin.register(Section)
class SectionAdmin(Dressed):
    list_display = ["shown_title", "kind", "most", "window", "position", "active"]
    list_display_links = ["shown_title"]
    list_select_related = ["category"]
    inlines = [PickInline]
    fieldsets = [
        (None, {"fields": [("kind", "category"), ("title", "most")]}),
        (_("Shown when"), {"fields": [("active", "position"), "opens_at", "closes_at"]}),
    ]
    empty_hint = _("Add a section: a selection, a category, what is new, what one can redeem, or gifts picked by hand.")

    @display(description=_("title"))
    def shown_title(self, section: Section) -> str:
        return str(section)


class LookForm(PictureForm):
    upload = PictureField(label=_("logo"))

    class Meta:
        model = Look
        fields = ("accent",)
        widgets = {"accent": UnfoldAdminTextInputWidget(attrs={"type": "color"})}

    remove = forms.BooleanField(label=_("without a logo"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["upload"].required = False

    def save(self, commit: bool = True) -> Any:
        if self.cleaned_data.get("remove"):
            self.instance.key, self.instance.width, self.instance.height = "", 0, 0
        return super().save(commit)


@admin.register(Look)
class LookAdmin(OneRow):
    form = LookForm
    readonly_fields = ["shown_logo", "readable"]
    fieldsets = [
        (_("brand colour"), {"fields": ["accent", "readable"]}),
        (_("logo"), {"fields": ["upload", "shown_logo", "remove"]}),
    ]
    actions_detail = ["preview"]

    @action(description=_("Preview"), icon="visibility", url_path="preview", permissions=["view"])
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Look at the storefront in these colours."""
        return HttpResponseRedirect(reverse("storefront_preview"))

    @display(description=_("now"))
    def shown_logo(self, look: Look) -> SafeString | str:
        return thumbnail(look, wide=True)

    @display(description=_("as members see it"))
    def readable(self, look: Look) -> SafeString:
        """Show the colour as it is used, in the light and in the dark, with its contrast."""
        palette = look.palette
        tones = [
            (gettext("in the light"), palette.light, colours.LIGHT_GROUNDS),
            (gettext("in the dark"), palette.dark, colours.DARK_GROUNDS),
        ]
        swatches = format_html_join(
            "",
            '<span class="jf-swatch" style="background:{};color:{}">{} {} · {} : 1</span>',
            (
                (tone.accent, tone.ink, words, tone.accent, f"{colours.least_contrast(tone, grounds):.1f}")
                for words, tone, grounds in tones
            ),
        )
        hint = gettext("Made darker or lighter where text in it could not be read (WCAG AA asks for 4.5 : 1).")
        return format_html('<div class="jf-swatches">{}</div><p>{}</p>', swatches, hint if palette.moved else "")
