"""What the orders app keeps, by subject."""

from orders.models.channels import Channel, ChannelQuerySet
from orders.models.claims import Claim, ClaimCount, ClaimPolicy, ClaimQuerySet
from orders.models.imports import OrderImport, OrderImportQuerySet, RejectedRow, StagedRow
from orders.models.mappings import ColumnMapping, ColumnMappingQuerySet
from orders.models.orders import Order, OrderLine, OrderQuerySet
from orders.models.status import ELIGIBLE, MONEY, Status
from orders.models.undo import OrderBefore, OrderRetelling, TakenOrder
from orders.models.words import StatusWord

__all__ = (
    "ELIGIBLE",
    "MONEY",
    "Channel",
    "ChannelQuerySet",
    "Claim",
    "ClaimCount",
    "ClaimPolicy",
    "ClaimQuerySet",
    "ColumnMapping",
    "ColumnMappingQuerySet",
    "Order",
    "OrderBefore",
    "OrderImport",
    "OrderImportQuerySet",
    "OrderLine",
    "OrderQuerySet",
    "OrderRetelling",
    "RejectedRow",
    "StagedRow",
    "Status",
    "StatusWord",
    "TakenOrder",
)
