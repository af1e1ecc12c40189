"""What staff hand in: an order file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from orders.models import Channel

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xls")


class UploadForm(forms.Form):
    """One export of one channel, as the platform gives it."""

    file = forms.FileField(
        label=_("order file"),
        max_length=255,
        error_messages={
            "required": _("Choose a file first."),
            "empty": _("This file is empty. Export it again from the platform."),
        },
        widget=forms.FileInput(attrs={"accept": ",".join(ENDINGS)}),
    )
    channel = forms.ModelChoiceField(
        label=_("channel"),
        queryset=Channel.objects.filter(active=True),
        to_field_name="code",
        required=False,
        empty_label=_("Recognise it from the file"),
        help_text=_("Choose one if two of your shops sell on the same platform."),
        widget=UnfoldAdminSelectWidget,
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > settings.ORDER_FILE_MAX_BYTES:
            most = filesizeformat(settings.ORDER_FILE_MAX_BYTES)
            raise ValidationError(
                gettext("This file is larger than %(most)s. Export a shorter time, several times.") % {"most": most}
            )
        return file

    def channel_code(self) -> str | None:
        channel: Channel | None = self.cleaned_data["channel"]
        return channel.code if channel else None

    def given(self) -> dict[str, Any]:
        """Return what `orders.importing.accept` asks for."""
        file = self.cleaned_data["file"]
        return {"file": file, "name": file.name, "channel_code": self.channel_code()}
