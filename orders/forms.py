"""What staff hand in: order files."""

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

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".zip")
MOST_FILES = 20


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or several files; the rules of a single one hold for each."""

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        given = data if isinstance(data, list | tuple) else [data] if data else []
        if len(given) > MOST_FILES:
            raise ValidationError(gettext("Hand in at most %(most)d files at once.") % {"most": MOST_FILES})
        if not given:
            super().clean(None, initial)
        return [self._checked(one, initial) for one in given]

    def _checked(self, one: Any, initial: Any) -> UploadedFile:
        try:
            file: UploadedFile = super().clean(one, initial)
        except ValidationError as error:
            raise ValidationError([f"{one.name}: {sentence}" for sentence in error.messages]) from error
        if (file.size or 0) > settings.ORDER_FILE_MAX_BYTES:
            most = filesizeformat(settings.ORDER_FILE_MAX_BYTES)
            raise ValidationError(
                gettext("%(name)s: this file is larger than %(most)s. Export a shorter time, several times.")
                % {"name": file.name, "most": most}
            )
        return file


class UploadForm(forms.Form):
    """Exports of one channel, or of several that the files tell, as the platforms give them."""

    file = FilesField(
        label=_("order files"),
        max_length=255,
        error_messages={
            "required": _("Choose a file first."),
            "empty": _("This file is empty. Export it again from the platform."),
        },
        widget=FilesInput(attrs={"accept": ",".join(ENDINGS), "multiple": True}),
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

    def given(self) -> list[dict[str, Any]]:
        """Return what `orders.importing.accept` asks for, of each file."""
        channel: Channel | None = self.cleaned_data["channel"]
        code = channel.code if channel else None
        return [{"file": file, "name": file.name, "channel_code": code} for file in self.cleaned_data["file"]]
