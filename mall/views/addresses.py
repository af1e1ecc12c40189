"""The member's address book."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mall import addresses as book
from mall.address_forms import AddressForm, RegionFields, values_of
from mall.models import SavedAddress
from members.models import Member
from members.views import member_required


@require_safe
@member_required
def addresses(request: HttpRequest, member: Member) -> HttpResponse:
    """All addresses of the member, the usual one first."""
    return render(request, "mall/addresses.html", {"addresses": SavedAddress.objects.filter(member=member)})


@member_required
def address(request: HttpRequest, member: Member, address_id: int | None = None) -> HttpResponse:
    """Add an address, or change one."""
    known = get_object_or_404(SavedAddress, pk=address_id, member=member) if address_id else None
    if request.method != "POST":
        initial = (
            values_of(known) if known else {"recipient": member.name, "phone": (member.phone or "").removeprefix("+86")}
        )
        return render(request, "mall/address.html", {"form": AddressForm(initial=initial), "known": known})
    form = AddressForm(request.POST)
    if not form.is_valid():
        return render(request, "mall/address.html", {"form": form, "known": known}, status=422)
    try:
        book.save(member_id=member.pk, address_id=address_id, given=form.given(usual=form.cleaned_data["usual"]))
    except book.TooMany as refusal:
        form.add_error(None, str(refusal))
        return render(request, "mall/address.html", {"form": form, "known": known}, status=422)
    messages.success(request, _("Saved."))
    return redirect("addresses")


@require_POST
@member_required
def remove_address(request: HttpRequest, member: Member, address_id: int) -> HttpResponse:
    """Remove an address."""
    get_object_or_404(SavedAddress, pk=address_id, member=member)
    book.remove(member_id=member.pk, address_id=address_id)
    messages.success(request, _("Removed."))
    return redirect("addresses")


@require_safe
@member_required
def regions(request: HttpRequest, member: Member) -> HttpResponse:
    """The three lists again, with what lies below what was chosen; htmx asks for it."""
    return render(request, "mall/_regions.html", {"form": RegionFields(initial=request.GET.dict())})
