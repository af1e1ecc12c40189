"""The demo brand: its programme, its tiers, its people. `seed_demo` calls `load` of every app's demo, from below."""

from __future__ import annotations

import secrets
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.utils.translation import gettext as _

from config import sql
from members.models import Identity, Member, Programme, Tier, User

PHONE = "+8613800001111"
NICK = "小满的猫"
TIERS = [
    ("普通", 1, 1, "98", "1", "会员日专享"),
    ("高级", 2, 380, "95", "1.2", "每季一次免邮"),
    ("VIP", 3, 2_000, "90", "1.5", "新品提前购\n专属客服"),
    ("至尊VIP", 4, 5_000, "86", "2", "新品提前购\n专属客服\n年度礼盒"),
]
STAFF = ("merchant", "staff")
STAFF_MAY = (
    "add_orderimport",
    "add_posting",
    "add_stockchange",
    "change_claim",
    "change_gift",
    "change_member",
    "change_redemption",
)


def load(*, at: datetime, members: int, orders: int) -> None:
    """Make programme, tiers, staff and members, all that is not there yet."""
    Programme.objects.get_or_create(id=1, defaults={"brand": "禾露护肤"})
    for name, rank, threshold, price, multiplier, benefits in TIERS:
        Tier.objects.get_or_create(
            rank=rank,
            defaults={
                "name": name,
                "threshold": threshold,
                "discount_percent": Decimal(price),
                "points_multiplier": Decimal(multiplier),
                "benefits": benefits,
            },
        )
    sql.run("members", "demo_members", members=members, at=at)
    lin, _new = Member.objects.get_or_create(phone=PHONE, defaults={"name": "林小满", "joined_at": at})
    Identity.objects.get_or_create(channel="taobao", external_id=NICK, defaults={"member": lin})
    _passwords()


def sign_ins() -> list[tuple[str, str, str]]:
    """Return who can sign in to the demo: role, path, and with what."""
    passwords = _passwords()
    local = PHONE.removeprefix("+86")
    return [
        (_("member"), "/", _("phone %(phone)s; the code is shown on the page") % {"phone": local}),
        (_("merchant"), "/admin/", f"merchant / {passwords['merchant']}"),
        (_("staff"), "/admin/", f"staff / {passwords['staff']}"),
    ]


def _passwords() -> dict[str, str]:
    """Return the staff's passwords, made up once for this installation and kept beside its data."""
    kept = Path(settings.VAR) / "demo-passwords"
    lines = kept.read_text("utf-8").splitlines() if kept.exists() else []
    known = dict(line.split(" ", 1) for line in lines)
    if set(known) != set(STAFF) or User.objects.filter(username__in=STAFF).count() < len(STAFF):
        known = {name: secrets.token_urlsafe(9) for name in STAFF}
        _make_staff(known)
        kept.touch(mode=0o600)
        kept.write_text("".join(f"{name} {password}\n" for name, password in known.items()), "utf-8")
    return known


def _make_staff(passwords: dict[str, str]) -> None:
    """The merchant may do everything; staff import, look at claims, adjust and ship, and read the rest."""
    for name, password in passwords.items():
        user, _new = User.objects.get_or_create(username=name)
        user.is_staff, user.is_superuser = True, name == "merchant"
        user.set_password(password)
        user.save()
    group, _new = Group.objects.get_or_create(name=_("Shop staff"))
    ours = Permission.objects.filter(content_type__app_label__in=["members", "loyalty", "orders", "mall"])
    group.permissions.set(ours.filter(codename__startswith="view_") | ours.filter(codename__in=STAFF_MAY))
    User.objects.get(username="staff").groups.add(group)
