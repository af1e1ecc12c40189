"""From the list of redemptions to the packing table and back: lists out, tracking numbers in."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core import signing
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.enums import ActionVariant

from config import spreadsheets
from config.back_office import MOST_LISTED, Facts, address, ask, log
from mall import packing, tracking
from mall.models import Redemption
from mall.redeeming import Refused
from members.models import Programme

MOST_BAD_LINES = 200
SALT = "mall.tracking"


class TrackingForm(forms.Form):
    file = forms.FileField(
        label=_("file with tracking numbers"), widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"})
    )


class ParcelsForm(forms.Form):
    """What was read from a file and checked, carried from the question to its answer; signed, so nobody changes it."""

    parcels = forms.CharField(widget=forms.HiddenInput)

    @classmethod
    def of(cls, parcels: list[tracking.Parcel]) -> ParcelsForm:
        return cls({"parcels": signing.dumps(parcels, salt=SALT, compress=True)})

    def clean_parcels(self) -> list[tracking.Parcel]:
        try:
            return [tracking.Parcel(*one) for one in signing.loads(self.cleaned_data["parcels"], salt=SALT)]
        except signing.BadSignature as error:
            raise forms.ValidationError(_("This page was damaged. Hand in the file again.")) from error


class Packing(Facts):
    """Adds packing lists and the way back to the desk of redemptions. For who may ship: the lists hold addresses."""

    @action(description=_("Packing list as CSV"), icon="csv", permissions=["ship"])
    def packing_csv(self, request: HttpRequest, queryset: QuerySet[Redemption]) -> HttpResponseBase | None:
        """Give the selected that are still to be shipped as a CSV file."""
        rows = self._packed(request, queryset)
        if rows is None:
            return None
        response = StreamingHttpResponse(
            spreadsheets.csv_lines([packing.header(), *rows]), content_type="text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = _named("csv")
        return response

    @action(description=_("Packing list as Excel file"), icon="table_view", permissions=["ship"])
    def packing_xlsx(self, request: HttpRequest, queryset: QuerySet[Redemption]) -> HttpResponse | None:
        """Give the selected that are still to be shipped as a workbook."""
        rows = self._packed(request, queryset)
        if rows is None:
            return None
        book = spreadsheets.xlsx(packing.header(), rows, title=gettext("Packing list"))
        return HttpResponse(book, content_type=spreadsheets.XLSX, headers={"Content-Disposition": _named("xlsx")})

    @action(description=_("Print the packing list"), icon="print", permissions=["ship"])
    def packing_print(self, request: HttpRequest, queryset: QuerySet[Redemption]) -> HttpResponse | None:
        """Show slips for the printer, one for each of the selected that are still to be shipped."""
        waiting = self._waiting(request, queryset)
        if waiting is None:
            return None
        back = request.get_full_path()
        return render(request, "admin/mall/packing.html", {"redemptions": waiting, "back": back, "at": timezone.now()})

    @action(
        description=_("Tracking numbers by file"),
        icon="upload_file",
        permissions=["ship"],
        url_path="tracking",
        variant=ActionVariant.PRIMARY,
    )
    def enter_tracking(self, request: HttpRequest) -> HttpResponse:
        """Check a file as a whole, ask, then ship all of it."""
        back = address(Redemption, "changelist")
        if "parcels" in request.POST:
            return self._ship(request, ParcelsForm(request.POST), back)
        form = TrackingForm(request.POST or None, request.FILES or None)
        checked = self._checked(form) if form.is_valid() else None
        if checked and checked.parcels and not checked.bad:
            return self._ship(request, ParcelsForm.of(checked.parcels), back)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Tracking numbers by file"),
            "form": form,
            "checked": checked,
            "bad": checked.bad[:MOST_BAD_LINES] if checked else (),
            "more_bad": max(len(checked.bad) - MOST_BAD_LINES, 0) if checked else 0,
            "back": back,
        }
        return TemplateResponse(request, "admin/mall/tracking.html", context)

    def _checked(self, form: TrackingForm) -> tracking.Checked | None:
        try:
            checked = tracking.check(spreadsheets.table(form.cleaned_data["file"]))
        except spreadsheets.NoTable as refusal:
            form.add_error("file", str(refusal))
            return None
        if not checked.parcels and not checked.bad:
            form.add_error("file", gettext("No line has a carrier and a tracking number yet."))
        return checked

    def _ship(self, request: HttpRequest, form: ParcelsForm, back: str) -> HttpResponse:
        parcels = form.cleaned_data["parcels"] if form.is_valid() else []
        number = len(parcels)
        asks = ngettext("Ship %(number)s redemption?", "Ship %(number)s redemptions?", number) % {"number": number}
        shown = [f"#{one.redemption_id} · {one.carrier} {one.tracking_number}" for one in parcels[:MOST_LISTED]]
        page = ask(
            request,
            self,
            title=_("Tracking numbers by file"),
            question=lambda: [asks],
            confirm=_("Ship"),
            back=back,
            form=form,
            objects=shown,
            total=number,
        )
        if page is not None:
            return page
        try:
            tracking.ship_all(parcels=parcels, at=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(back)
        log(request, Redemption.objects.filter(pk__in=[one.redemption_id for one in parcels]), gettext("Shipped."))
        done = ngettext("%(number)s redemption shipped.", "%(number)s redemptions shipped.", number)
        messages.success(request, done % {"number": number})
        return HttpResponseRedirect(back)

    def _packed(self, request: HttpRequest, queryset: QuerySet[Redemption]) -> list[Any] | None:
        waiting = self._waiting(request, queryset)
        zone = ZoneInfo(Programme.current().time_zone)
        return None if waiting is None else list(packing.rows(waiting, zone=zone))

    def _waiting(self, request: HttpRequest, queryset: QuerySet[Redemption]) -> list[Redemption] | None:
        """Return what is to be packed, and write down who took the addresses away; None when there is nothing."""
        waiting = list(packing.waiting(queryset))
        if not waiting:
            messages.warning(request, gettext("None of the selected is waiting to be shipped."))
            return None
        log(request, waiting, gettext("Put on a packing list."))
        return waiting


def _named(ending: str) -> str:
    return f'attachment; filename="packing-{timezone.localtime():%Y%m%d-%H%M}.{ending}"'
