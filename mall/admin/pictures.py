"""Handing in pictures: checked in the form, drawn when the form is saved."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from PIL.Image import Image
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget

from mall import pictures
from mall.models import GiftPicture, Pictured

MOST_OF_ONE_GIFT = 12


class PictureField(forms.FileField):
    """A file that is a picture; its cleaned value is the picture itself, not yet stored."""

    widget = UnfoldAdminFileFieldWidget(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"})

    def __init__(self, **options: Any) -> None:
        hint = format_lazy(_("PNG, JPEG, WebP or GIF, up to {most}."), most=filesizeformat(pictures.MOST_BYTES))
        super().__init__(**{"label": _("picture"), "help_text": hint} | options)

    def clean(self, data: Any, initial: Any = None) -> Image | None:
        file = super().clean(data, initial)
        if not file:
            return None
        try:
            return pictures.read(file)
        except pictures.Unfit as unfit:
            raise ValidationError(str(unfit)) from unfit


class PictureForm(forms.ModelForm):
    """The form of something Pictured: a new one needs its file, a known one may get another."""

    upload = PictureField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["upload"].required = not self.instance.key

    def save(self, commit: bool = True) -> Any:
        picture = self.cleaned_data.get("upload")
        if picture:
            self.instance.show(pictures.store(picture))
        return super().save(commit)


class PictureInline(TabularInline):
    """A gift's pictures, put into order by dragging. Who may change the gift may change them."""

    model = GiftPicture
    form = PictureForm
    fields = ["thumbnail", "upload", "alt", "position"]
    readonly_fields = ["thumbnail"]
    ordering_field = "position"
    hide_ordering_field = True
    extra = 0
    max_num = MOST_OF_ONE_GIFT

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.view_gift"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.change_gift" if obj else "mall.add_gift"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    @display(description=_("now"))
    def thumbnail(self, shown: GiftPicture) -> SafeString | str:
        return thumbnail(shown)


def thumbnail(shown: Pictured | None, *, wide: bool = False) -> SafeString | str:
    """Return a small picture for the back office; a wide one keeps its shape."""
    if shown is None or not shown.key:
        return "–"
    shape = "jf-thumbnail jf-wide" if wide else "jf-thumbnail"
    return format_html('<img class="{}" src="{}" alt="{}" loading="lazy">', shape, shown.smallest, shown.alt)
