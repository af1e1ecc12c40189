"""The order exports that can be read, by the code that staff choose."""

from orders.channels.base import Format
from orders.channels.douyin import DouyinOrders
from orders.channels.shopify import ShopifyOrders
from orders.channels.taobao import TaobaoList
from orders.channels.youzan import YouzanOrders

FORMATS: dict[str, Format] = {one.code: one for one in (TaobaoList(), DouyinOrders(), YouzanOrders(), ShopifyOrders())}
