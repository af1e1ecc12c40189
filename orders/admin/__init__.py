"""The back office of orders: files, orders, channels, claims."""

from orders.admin import channels, claims, columns, imports, orders, words

__all__ = ("channels", "claims", "columns", "imports", "orders", "words")
