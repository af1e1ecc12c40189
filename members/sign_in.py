"""Sign in by phone and SMS code: how django-allauth finds and makes members."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter


class PhoneAdapter(DefaultAccountAdapter):
    """allauth's view of our members: a phone belongs to a live member, known or made on sign-up."""
