"""Members, tiers, the brand's own settings, and the staff."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar, NamedTuple
from zoneinfo import available_timezones

from allauth.account.models import EmailAddress, EmailConfirmation
from django import forms
from django.contrib import admin
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from config.back_office import ADD, ALTER, DELETE, VIEW, Desk, Facts, OneRow, log
from members.api import admin as keys_of_other_systems
from members.forms import e164
from members.models import Identity, Member, Programme, Tier, TierChange, User

__all__ = ("MemberAdmin", "keys_of_other_systems")

for hidden in (EmailAddress, EmailConfirmation):  # nobody here has an e-mail address of allauth's
    with suppress(NotRegistered):
        admin.site.unregister(hidden)
admin.site.unregister(Group)


class Panel(NamedTuple):
    """A part of the member page that another app shows. `links` are (words, address, icon)."""

    title: Any
    template: str
    context: dict[str, Any]
    links: Sequence[tuple[Any, str, str]] = ()


type_of_panel = Callable[[HttpRequest, Member, datetime], Panel | None]


class MemberForm(forms.ModelForm):
    def clean_phone(self) -> str | None:
        typed = self.cleaned_data["phone"]
        phone = (e164(typed) or typed) if typed else None
        others = Member.objects.live().filter(phone=phone).exclude(pk=self.instance.pk)
        if phone and others.exists():
            raise ValidationError(_("Another member has this phone."))
        return phone


@admin.register(Member)
class MemberAdmin(Desk):
    """A member and all that is known of him.

    Apps above add to `panels` and `columns` and say what channels are called: members knows none of them.
    """

    panels: ClassVar[list[type_of_panel]] = []
    columns: ClassVar[list[Any]] = []
    channel_names: Callable[[], dict[str, str]] = staticmethod(dict)

    form = MemberForm
    list_select_related = ["tier"]
    list_filter = ["tier"]
    search_fields = ["name"]
    ordering = ["-pk"]
    search_help_text = _("Name, phone or its last digits")
    sortable_by = ()
    readonly_fields = ["masked", "phone_verified", "tier", "joined_at", "joined_by", "signs_in"]
    fieldsets = [
        (None, {"fields": [("name", "phone"), ("birthday", "tier"), ("joined_at", "joined_by"), "signs_in"]}),
    ]
    add_fieldsets = [(None, {"fields": [("name", "phone"), "birthday"]})]
    change_form_outer_before_template = "admin/members/standing.html"
    change_form_outer_after_template = "admin/members/panels.html"
    rights = {"view": VIEW, "view_phone": _("see whole phone numbers"), "add": ADD, "change": ALTER}
    empty_hint = _("Import an order file of your own shop, or add a member by hand.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        return super().get_queryset(request).live()

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        phone = e164(words) or words
        if sees_phones(request):
            return queryset.search(phone), False
        return queryset.filter(Q(name__contains=words) | Q(phone=phone)), False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        if not sees_phones(request):
            changelist.search_help_text = _("Name or whole phone number")
        return changelist

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        names = {"staff": gettext("by staff"), **self.channel_names()}

        @display(description=_("joined by"))
        def origin(member: Member) -> str:
            return names.get(member.joined_by, member.joined_by)

        phone = "phone" if sees_phones(request) else "masked"
        return ["shown_name", phone, "shown_tier", *self.columns, "joined_at", origin]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or sees_phones(request):
            return fieldsets
        return [(None, {"fields": [("name", "masked"), *fieldsets[0][1]["fields"][1:]]})]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Member, form: Any, change: bool) -> None:
        """Save what staff changed, nothing else: an import may have raised his tier meanwhile, or he have signed in."""
        if not change:
            obj.joined_at = timezone.now()
            obj.joined_by = "staff"
            super().save_model(request, obj, form, change)
            return
        changed = list(form.changed_data)
        if "phone" in changed and form.initial["phone"] != obj.phone:
            self.let_go(request, obj)
            changed += ["user", "phone_verified"]
        obj.save(update_fields=changed)

    def let_go(self, request: HttpRequest, member: Member) -> None:
        """Part a member from who signed in with his old phone: nobody has proved to own the new one."""
        if member.user_id or member.phone_verified:
            log(request, [member], gettext("Phone changed: the old one no longer signs in."))
        member.user, member.phone_verified = None, False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        member = self.get_object(request, object_id)
        panels: list[Panel] = []
        if member and self.has_view_or_change_permission(request, member):
            at = timezone.now()
            panels = [shown for panel in self.panels if (shown := panel(request, member, at))]
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "panels": panels})

    @display(description=_("member"))
    def shown_name(self, member: Member) -> str:
        return str(member)

    @display(description=_("phone"))
    def masked(self, member: Member) -> str:
        return member.masked_phone or "–"

    @display(description=_("tier"), label=True)
    def shown_tier(self, member: Member) -> str:
        return member.tier.name if member.tier else ""

    @display(description=_("signs in"))
    def signs_in(self, member: Member) -> str:
        return gettext("yes") if member.user_id else gettext("not yet")


def sees_phones(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("members.view_phone"))


@admin.register(Tier)
class TierAdmin(Desk):
    list_display = ["name", "rank", "threshold", "discount_percent", "points_multiplier"]
    fieldsets = [
        (_("Condition"), {"fields": ["name", ("rank", "threshold")]}),
        (_("Benefits"), {"fields": [("discount_percent", "points_multiplier"), "benefits"]}),
    ]
    empty_hint = _("Begin with the lowest tier: rank 1, from growth 1.")
    after_change: ClassVar[Any] = staticmethod(lambda: None)  # the app that knows growth hangs in here

    def save_model(self, request: HttpRequest, obj: Tier, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self.after_change()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        used = obj is not None and (obj.member_set.exists() or TierChange.objects.filter(to_tier=obj).exists())
        return super().has_delete_permission(request, obj) and not used


@admin.register(TierChange)
class TierChangeAdmin(Facts):
    list_display = ["at", "member", "before", "after", "growth"]
    list_select_related = ["member__tier", "from_tier", "to_tier"]
    sortable_by = ()
    search_fields = ["member__phone"]
    search_help_text = _("The member's whole phone number")
    empty_hint = _("A step is recorded when a member's growth value reaches a tier.")

    @display(description=_("tier before"))
    def before(self, change: TierChange) -> str:
        return str(change.from_tier or "–")

    @display(description=_("tier after"))
    def after(self, change: TierChange) -> str:
        return str(change.to_tier or "–")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        phone = e164(search_term) or search_term.strip()
        return (queryset.filter(member__in=Member.objects.filter(phone=phone)) if phone else queryset), False


@admin.register(Identity)
class IdentityAdmin(Desk):
    """An account may be tied to a member or let go; it is never rewritten."""

    list_display = ["external_id", "channel", "member"]
    list_select_related = ["member__tier"]
    sortable_by = ()
    autocomplete_fields = ["member"]
    search_fields = ["external_id"]
    search_help_text = _("The whole account name")
    rights = {"view": VIEW, "add": ADD, "delete": DELETE}
    empty_hint = _("Accounts come with imported orders; here you can tie one to a member by hand.")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        channels = list(Identity.objects.order_by("channel").values_list("channel", flat=True).distinct()[:50])
        return queryset.filter(channel__in=channels, external_id=words), False


class ProgrammeForm(forms.ModelForm):
    def clean_time_zone(self) -> str:
        zone: str = self.cleaned_data["time_zone"]
        if zone not in available_timezones():
            raise ValidationError(_("There is no such time zone; for example Asia/Shanghai."))
        return zone


@admin.register(Programme)
class ProgrammeAdmin(OneRow):
    form = ProgrammeForm
    fields = ["brand", "time_zone", "tier_policy"]


class BySuperuser(Desk):
    """Who may give rights may give himself all of them: so only a superuser may."""

    rights = {"view": VIEW}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)


class StaffChangeForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


class StaffCreationForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("username",)


@admin.register(User)
class StaffAdmin(DjangoUserAdmin, BySuperuser):
    """The staff. Members sign in too, but are looked after on their own page. Who leaves is made inactive."""

    form = StaffChangeForm
    add_form = StaffCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "shown_name", "email", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active", "groups"]
    search_fields = ["username", "first_name", "last_name", "email"]
    filter_horizontal: ClassVar[list[str]] = []
    autocomplete_fields = ["groups"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Personal info"), {"fields": [("last_name", "first_name"), "email"]}),
        (_("Rights"), {"fields": ["is_active", "is_superuser", "groups"]}),
        (_("Important dates"), {"fields": [("last_login", "date_joined")]}),
    ]
    empty_hint = _("Add the people who work with you, and give each a group.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).filter(is_staff=True)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        obj.is_staff = True
        super().save_model(request, obj, form, change)

    @display(description=_("name"))
    def shown_name(self, user: User) -> str:
        return f"{user.last_name}{user.first_name}" or "–"


class RightsInput(forms.CheckboxSelectMultiple):
    """Rights, a line for each kind of thing."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        return render_to_string("admin/members/rights.html", self.get_context(name, value, attrs))


class GroupForm(forms.ModelForm):
    """A role: its name, and its rights in the words of the back office."""

    permissions = forms.ModelMultipleChoiceField(
        label=_("rights"), queryset=Permission.objects.none(), required=False, widget=RightsInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "permissions" in self.fields:
            field = self.fields["permissions"]
            field.queryset = Permission.objects.select_related("content_type")  # type: ignore[attr-defined]
            field.choices = offered_rights()  # type: ignore[attr-defined]


def offered_rights() -> list[tuple[str, list[tuple[int, Any]]]]:
    """Return what each desk of the back office may allow: [(things, [(permission id, words)])]."""
    desks = [(model, desk) for model, desk in admin.site._registry.items() if isinstance(desk, Desk)]
    ids = {(one.content_type_id, one.codename): one.pk for one in Permission.objects.all()}
    types = ContentType.objects.get_for_models(*(model for model, _desk in desks))
    offered = []
    for model, desk in desks:
        own = dict(model._meta.permissions)
        names = {
            verb if verb in own else f"{verb}_{model._meta.model_name}": words for verb, words in desk.rights.items()
        }
        rights = [
            (ids[types[model].pk, name], words) for name, words in names.items() if (types[model].pk, name) in ids
        ]
        offered.append((str(model._meta.verbose_name_plural), rights))
    return offered


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, BySuperuser):
    form = GroupForm
    fields = ["name", "permissions"]
    filter_horizontal: ClassVar[list[str]] = []
    list_display = ["name", "number_of_rights"]
    empty_hint = _("A group is a role: give it rights once, then put people into it.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).prefetch_related("permissions")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        return [str(group) for group in objs], {self.opts.verbose_name_plural: len(objs)}, set(), []

    @display(description=_("rights"))
    def number_of_rights(self, group: Group) -> str:
        number = len(group.permissions.all())
        return ngettext("%(number)s right", "%(number)s rights", number) % {"number": number}
