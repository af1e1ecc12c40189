"""The shelves of the mall."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.back_office import Desk
from mall.models import Category


@admin.register(Category)
class CategoryAdmin(Desk):
    list_display = ["name", "shown_gifts", "position"]
    list_editable = ["position"]
    sortable_by = ()
    empty_hint = _("Add shelves, like “For the home” or “Coupons”, then put gifts on them.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        return super().get_queryset(request).annotate(on_it=Count("gifts"))

    @display(description=_("gifts"))
    def shown_gifts(self, category: Any) -> int:
        return int(category.on_it)
