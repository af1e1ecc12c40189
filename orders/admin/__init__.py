"""The back office of orders: files, orders, channels, claims."""

from orders.admin import channels, claims, imports, orders

__all__ = ("channels", "claims", "imports", "orders")
