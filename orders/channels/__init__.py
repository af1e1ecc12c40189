"""The order exports that can be read, by their codes, and the platforms that they come from.

A platform has the code of its main format; channels and identities of buyers go by it. Of some platforms no format is
known: their files are read by columns that staff chose (`mapped`), and are recognised by their header from then on.
"""

from orders.channels.amazon import AmazonOrders
from orders.channels.base import Format
from orders.channels.douyin import DouyinAfterSales, DouyinOrders
from orders.channels.ebay import EbayOrders
from orders.channels.jd import JdOrders
from orders.channels.kuaishou import KuaishouOrders
from orders.channels.mapped import BY_COLUMNS
from orders.channels.pinduoduo import PinduoduoOrders
from orders.channels.shopify import ShopifyOrders
from orders.channels.square import SquareTransactions
from orders.channels.stripe import StripePayments
from orders.channels.taobao import QianniuReport, TaobaoItems, TaobaoList, TmallReport
from orders.channels.wechat import WechatOrders
from orders.channels.xiaohongshu import XiaohongshuOrders, XiaohongshuRefunds
from orders.channels.youzan import YouzanItems, YouzanOrders

FORMATS: dict[str, Format] = {
    one.code: one
    for one in (
        TaobaoList(),
        TaobaoItems(),
        TmallReport(),
        QianniuReport(),
        DouyinOrders(),
        DouyinAfterSales(),
        JdOrders(),
        PinduoduoOrders(),
        XiaohongshuOrders(),
        XiaohongshuRefunds(),
        KuaishouOrders(),
        WechatOrders(),
        YouzanOrders(),
        YouzanItems(),
        ShopifyOrders(),
        AmazonOrders(),
        EbayOrders(),
        SquareTransactions(),
        StripePayments(),
    )
}
PLATFORMS: dict[str, Format] = {code: one for code, one in FORMATS.items() if code == one.platform} | BY_COLUMNS
