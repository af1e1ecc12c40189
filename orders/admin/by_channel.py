"""The report by channel: a page and a file, for a time that is chosen."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import INPUT_CLASSES

from config.back_office import Desk
from config.spreadsheets import disarmed
from members.models import Programme
from orders import reporting


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date", "class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%d")


class PeriodForm(forms.Form):
    """The days of a report, both included."""

    first = forms.DateField(label=gettext_lazy("first day"), widget=_day())
    last = forms.DateField(label=gettext_lazy("last day"), widget=_day())

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, last = given.get("first"), given.get("last")
        if first and last and first > last:
            raise ValidationError(_("The last day must not come before the first one."))
        if first and last and (last - first).days >= reporting.MOST_DAYS:
            raise ValidationError(_("Choose at most %(days)d days.") % {"days": reporting.MOST_DAYS})
        return given


class ReportByChannel(Desk):
    """The part of the channels' desk that tells what each of them brought."""

    def has_report_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("orders.report_channel") or request.user.has_perm("orders.change_channel"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("report/", view(self.report), name="orders_channel_report"),
            path("report.csv", view(self.report_file), name="orders_channel_report_file"),
            *super().get_urls(),
        ]

    def report(self, request: HttpRequest) -> HttpResponse:
        """Show what each channel brought in a time; this month if none is chosen."""
        form, lines = self._read(request)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Report by channel"),
            "form": form,
            "periods": periods(_today()),
            "lines": lines,
            "total": reporting.total(lines, _("All channels")) if lines else None,
            "query": f"?first={form['first'].value()}&last={form['last'].value()}",
        }
        return TemplateResponse(request, "admin/orders/by_channel.html", context)

    def report_file(self, request: HttpRequest) -> HttpResponse:
        """Give the report as a CSV file."""
        form, lines = self._read(request)
        if form.errors:
            return HttpResponse(form.errors.as_text(), status=422, content_type="text/plain; charset=utf-8")
        response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = (
            f'attachment; filename="channels-{form["first"].value()}-{form["last"].value()}.csv"'
        )
        writer = csv.writer(response)
        writer.writerow(columns())
        for line in lines:
            writer.writerow([disarmed(cell) for cell in line])
        return response

    def _read(self, request: HttpRequest) -> tuple[PeriodForm, list[reporting.Line]]:
        if not self.has_report_permission(request):
            raise PermissionDenied
        today = _today()
        this_month = {"first": today.replace(day=1).isoformat(), "last": today.isoformat()}
        form = PeriodForm(request.GET if "first" in request.GET else this_month)
        if not form.is_valid():
            return form, []
        return form, reporting.by_channel(first=form.cleaned_data["first"], last=form.cleaned_data["last"])


def _today() -> date:
    """Return the brand's day."""
    with timezone.override(Programme.current().time_zone):
        return timezone.localdate()


def periods(today: date) -> list[tuple[str, str]]:
    """Return times that are often asked for: words and address."""
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    offered = [
        (_("Last 7 days"), today - timedelta(days=6), today),
        (_("This month"), month, today),
        (_("Last month"), before, month - timedelta(days=1)),
        (_("This year"), today.replace(month=1, day=1), today),
    ]
    page = reverse("admin:orders_channel_report")
    return [(words, f"{page}?first={first}&last={last}") for words, first, last in offered]


def columns() -> list[str]:
    """Return the words of the columns, in the order of `reporting.Line`."""
    return [
        _("channel"),
        _("orders"),
        _("paid and kept"),
        _("refunded"),
        _("of members"),
        _("waiting for their buyer"),
        _("claimed by number"),
        _("claims being checked"),
        _("points given"),
        _("growth given"),
        _("points taken back"),
        _("growth taken back"),
    ]
