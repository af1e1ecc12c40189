"""Coupons for other systems: what one is worth for an order, its use, and its return (docs/api.md)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.numbers import AmountOfJson
from mall import counter, coupons
from mall.models import LONGEST_REFERENCE, MOST_YUAN, Coupon, CouponUse
from mall.models.coupons import CENT
from mall.redeeming import Refused
from members.api.keys import SCOPES
from members.api.views import Declined, Endpoint

SCOPES["coupons"] = _("check, use and give back coupons")

STATUS = {
    counter.UnknownCode: HTTPStatus.NOT_FOUND,
    coupons.InvalidOrder: HTTPStatus.BAD_REQUEST,
    coupons.RequestReused: HTTPStatus.UNPROCESSABLE_ENTITY,
}


class WhichOrder(serializers.Serializer):
    """A coupon's code and the number of an order."""

    code = serializers.CharField(max_length=counter.LONGEST_TYPED)
    order_reference = serializers.CharField(max_length=LONGEST_REFERENCE)


class Asked(WhichOrder):
    """The amounts of an order, too, in yuan: the goods, and the shipping beside them."""

    order_amount = AmountOfJson(max_digits=9, decimal_places=2, min_value=CENT, max_value=MOST_YUAN)
    shipping = AmountOfJson(
        max_digits=9, decimal_places=2, min_value=Decimal(0), max_value=MOST_YUAN, default=Decimal(0)
    )


class AskedBefore(Asked):
    """Before there is an order its number may be missing."""

    order_reference = serializers.CharField(max_length=LONGEST_REFERENCE, default="-")


class CouponEndpoint(Endpoint):
    scope = "coupons"
    asks: type[serializers.Serializer] = Asked

    def post(self, request: Request) -> Response:
        asked = self.asks(data=request.data)
        asked.is_valid(raise_exception=True)
        with _declined():
            return Response(self.answer(asked.validated_data))

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def said(self) -> dict[str, Any]:
        """Return by which request and system, and when."""
        return {"request_key": self.request_key(), "at": timezone.now(), "through": self.request.auth.name}


class CheckCoupon(CouponEndpoint):
    asks = AskedBefore

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        told = coupons.check(code=asked["code"], order=_order(asked), at=timezone.now())
        return {"amount_off": _yuan(told.amount_off), "coupon": _coupon(told.coupon)}


class UseCoupon(CouponEndpoint):
    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        used = coupons.use(code=asked["code"], order=_order(asked), **self.said())
        return _use(used)


class GiveCouponBack(CouponEndpoint):
    asks = WhichOrder

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        reference = asked["order_reference"]
        own = {"own_only": self.own_keys(), **self.said()}
        return _use(coupons.give_back(code=asked["code"], order_reference=reference, **own))


@contextmanager
def _declined() -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        status = STATUS.get(type(refused), HTTPStatus.CONFLICT)
        raise Declined(refused.code, str(refused), status) from refused


def _order(asked: dict[str, Any]) -> coupons.Order:
    return coupons.Order(asked["order_reference"], asked["order_amount"], asked["shipping"])


def _yuan(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _coupon(coupon: Coupon) -> dict[str, Any]:
    return {
        "code": coupon.code,
        "name": coupon.name,
        "kind": coupon.kind,
        "minimum_spend": _yuan(coupon.minimum_spend),
        "valid_from": coupon.starts_at,
        "valid_until": coupon.ends_at,
    }


def _use(use: CouponUse) -> dict[str, Any]:
    return {
        "id": use.pk,
        "what": use.what,
        "at": use.at,
        "order_reference": use.order_reference,
        "order_amount": _yuan(use.order_amount),
        "shipping": _yuan(use.shipping),
        "amount_off": _yuan(use.amount_off),
        "coupon": _coupon(use.coupon),
    }
