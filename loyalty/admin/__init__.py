"""Postings to look at, points to adjust; earning rules, campaigns and the points policy to set."""

from loyalty.admin import postings, rules

__all__ = ("postings", "rules")
