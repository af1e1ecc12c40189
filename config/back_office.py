"""What the pages of the back office share.

Laws:
- No list counts a large table: an unfiltered one is estimated from PostgreSQL's own statistics, a filtered one is
  counted up to `MOST_COUNTED` rows.
- Facts are looked at. They change by actions that make one domain call each.
- What cannot be taken back asks first, then acts, logs it and says how many.
- The rights of an action stand in its decorator as the name of a `has_…_permission` method: for a dotted name
  unfold's system check asks the database, and `migrate` would fail on an empty one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, cast

from allauth.core.internal import ratelimit
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.widgets import AutocompleteMixin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import DatabaseError, connection
from django.db.models import BigIntegerField, DecimalField, IntegerField, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AuthenticationForm
from unfold.overrides import FORMFIELD_OVERRIDES, FORMFIELD_OVERRIDES_INLINE
from unfold.views import ChangeList

from config.numbers import Amount, WholeNumber

logger = logging.getLogger(__name__)

MOST_COUNTED = 10_000
MOST_PAGES = 1_000
MOST_LISTED = 20

# Nothing here is deleted by the handful; most of it never.
admin.site.disable_action("delete_selected")


class StaffSignIn(AuthenticationForm):
    """Name and password. Wrong ones count against the address, the name at the address, and the name
    (`staff_sign_in…` of the settings): guesses at one address lock nobody out at others.

    Who is refused is not counted, so waiting is always enough: nobody is locked out for good.
    """

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("username", "")
        here = f"{name}@{ratelimit.get_ip(self.request)}"
        keys = {"staff_sign_in_address": None, "staff_sign_in_here": here, "staff_sign_in": name}
        counted = _count(self.request, keys)
        if counted is None:
            raise ValidationError(_("Too many wrong passwords. Please wait five minutes, then try again."))
        cleaned: dict[str, Any] = super().clean()  # raises for a wrong password, which stays counted
        _uncount(counted)
        return cleaned


def _count(request: HttpRequest, keys: Mapping[str, str | None]) -> list[ratelimit.RateLimitUsage] | None:
    """Count a try against all of these limits, or none of them: then return None. Each must be of one rate: of two,
    what the first has counted stays when the second refuses.
    """
    counted: list[ratelimit.RateLimitUsage] = []
    for action, key in keys.items():
        usage = ratelimit.consume(request, app="allauth.account", action=action, key=key)
        if usage is None:
            _uncount(counted)
            return None
        counted.append(usage)
    return counted


def _uncount(counted: Sequence[ratelimit.RateLimitUsage]) -> None:
    for usage in counted:
        usage.rollback()


admin.site.login_form = StaffSignIn


class NumbersOnly(MiddlewareMixin):
    """Answers 404 where the back office is asked for a row by something else than its number: `/admin/…/abc/ship/`.

    So it does for a NUL in its filters and searches, which PostgreSQL has no place for.
    """

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> None:
        numbered = _is_number(kwargs.get("object_id", "1"))
        if not numbered or (request.path.startswith("/admin/") and "%00" in request.META.get("QUERY_STRING", "")):
            raise Http404


def _numbers_only(optgroups: Callable[..., Any]) -> Callable[..., Any]:
    """Let a list that is searched as one types show what was chosen; Django fails over what is no number of a row."""

    def of_rows(widget: Any, name: str, value: Sequence[Any], attr: Any = None) -> Any:
        return optgroups(widget, name, [one for one in value if not one or _is_number(str(one))], attr)

    return of_rows


def _is_number(text: str) -> bool:
    return text.isdecimal() and text.isascii() and len(text) < 19


AutocompleteMixin.optgroups = _numbers_only(AutocompleteMixin.optgroups)  # type: ignore[method-assign]

# Forms of rows, and of rows beside them, read numbers as every other form does; each page copies these when it is made.
for _fields in (FORMFIELD_OVERRIDES, FORMFIELD_OVERRIDES_INLINE):
    _fields[IntegerField]["form_class"] = _fields[BigIntegerField]["form_class"] = WholeNumber
    _fields[DecimalField]["form_class"] = Amount


class BoundedPaginator(Paginator):
    """Pages of a table that may be large. `inexact` says in what way `count` may be wrong."""

    template_name = "admin/bounded_pagination.html"
    object_list: QuerySet[Any]

    def __init__(self, *args: Any, filtered: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filtered = filtered
        self.inexact = ""

    @cached_property
    def count(self) -> int:
        if not self.filtered and (rows := estimate(self.object_list.model)) > MOST_COUNTED:
            self.inexact = "about"
            return rows
        found = self.object_list.order_by()[: MOST_COUNTED + 1].count()
        self.inexact = "more" if found > MOST_COUNTED else ""
        return min(found, MOST_COUNTED)

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, MOST_PAGES)


def estimate(model: type[Model]) -> int:
    """Return about how many rows a table has, as PostgreSQL last counted them; reads no row of it."""
    with connection.cursor() as cursor:
        cursor.execute("select greatest(reltuples, 0)::bigint from pg_class where oid = %s::regclass", [table(model)])
        return int(cursor.fetchone()[0])


def table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


VIEW, ADD, ALTER, DELETE = _("look at"), _("add"), _("change"), _("delete")


class RowList(ChangeList):
    """A list that does not tell how many rows there are without its filters: nobody counts them."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count


class Desk(ModelAdmin):
    """A page of the back office. `empty_hint` says the next step where the list has no rows."""

    paginator: Any = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count the whole table once for each choice
    list_per_page = 50
    list_max_show_all = 0
    compressed_fields = True
    list_filter_sheet = False
    warn_unsaved_form = True
    empty_value_display = "–"
    empty_hint: Any = ""
    # What a group of staff may be allowed here: the verb or the permission's codename, and its words.
    rights: ClassVar[Mapping[str, Any]] = {"view": VIEW, "add": ADD, "change": ALTER, "delete": DELETE}

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse `?phone__contains=…` to who sees no phones: it finds a masked one a digit at a time."""
        if "phone" in lookup.split("__") and not request.user.has_perm("members.view_phone"):
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """Show or save a form. What the database refuses of a form that was right was changed in the same moment."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DatabaseError as error:
            if not _overtaken(error):
                raise
            logger.warning("a form was overtaken", exc_info=True)
        messages.error(
            request,
            _("Somebody changed this in the same moment. Nothing was saved: look at it again, then change it."),
        )
        return HttpResponseRedirect(request.get_full_path())

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RowList

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[Any], per_page: int, *args: Any, **kwargs: Any
    ) -> Paginator:
        filtered = queryset.query.where != self.get_queryset(request).query.where
        return self.paginator(queryset, per_page, *args, filtered=filtered, **kwargs)


def _overtaken(error: DatabaseError) -> bool:
    """Tell whether something exists already or is gone by now, or a trigger keeps what happened (MR009)."""
    return getattr(error.__cause__, "sqlstate", None) in ("23505", "23503", "MR009")


class Facts(Desk):
    """Rows that nobody adds, changes or deletes by hand."""

    rights: ClassVar[Mapping[str, Any]] = {"view": VIEW}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OneRow(Desk):
    """Settings that are one row, made when first saved. The model has `current()`."""

    rights: ClassVar[Mapping[str, Any]] = {"view": VIEW, "change": ALTER}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponseBase:
        return HttpResponseRedirect(address(self.model, "change", 1))

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        return self.model.current()


def address(model: type[Model], page: str, *args: Any) -> str:
    """Return the address of a model's page: `changelist`, `change`, or one of its own."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def ask(
    request: HttpRequest,
    desk: Desk,
    *,
    title: Any,
    question: Callable[[], Sequence[Any]],
    confirm: Any,
    back: str,
    form: forms.Form | None = None,
    objects: Sequence[Any] = (),
    total: int = 0,
    danger: bool = False,
    introduction: Any = "",
) -> HttpResponse | None:
    """Return the page that asks: the form while it is not filled in well, then the question. None: go ahead.

    `question` is called when the form is valid and returns sentences; `confirm` is the word on the button; `objects`
    are what will be touched, `total` of them, shown up to `MOST_LISTED`.
    """
    asking = (form is None or form.is_valid()) and "edit" not in request.POST
    if asking and request.method == "POST" and "confirmed" in request.POST:
        return None
    shown = list(objects[:MOST_LISTED]) if asking else []
    context = {
        **desk.admin_site.each_context(request),
        "title": title,
        "media": desk.media,
        "form": form,
        "asking": asking,
        "introduction": introduction,
        "question": question() if asking else (),
        "objects": shown,
        "more_objects": max(total - len(shown), 0),
        "selection": [(name, value) for name in CARRIED for value in request.POST.getlist(name)],
        "confirm": confirm,
        "danger": danger,
        "back": back,
    }
    request.current_app = desk.admin_site.name
    return TemplateResponse(request, "admin/ask.html", context)


CARRIED = ("action", "select_across", "index", "_selected_action")


def actor(request: HttpRequest) -> int:
    """Return who is signed in; in the back office somebody is."""
    return cast(int, request.user.pk)


def log(request: HttpRequest, rows: Sequence[Model] | QuerySet[Any], message: Any) -> None:
    """Write who did what to which rows."""
    LogEntry.objects.log_actions(user_id=actor(request), queryset=rows, action_flag=CHANGE, change_message=str(message))


def link(url: str, words: Any) -> SafeString:
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', url, words)


def wide(value: int) -> str:
    """Return a signed number with thousands separated: `+1,200`."""
    return f"{value:+,}"


ALREADY_DONE = _("This page was already used. Open it again to do more.")
