"""What the columns of an unknown file probably are, by their names and by what stands in them: proposals for staff."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from orders.channels import FORMATS, cells
from orders.channels.base import KEPT, Format, normal
from orders.channels.cells import BadCell
from orders.channels.columns import Status
from orders.channels.mapped import NUMBER, ORDER, PART, REPEATED, AnyMoney, Plan
from orders.channels.rows import CLOSED, COMPLETED, HOLD, PAID, PARTIALLY_REFUNDED, REFUNDED, UNPAID

# Names of each column, as `_bare` gives them; the likelier come first.
NAMES: Mapping[str, str] = {
    "number": """订单号 订单编号 主订单编号 主订单号 平台订单号 平台单号 原始订单号 原始单号 店铺订单号
        网店订单号 外部订单号 订单流水号 订单id 交易单号 交易编号 交易号 单号 流水号 ordernumber orderno
        ordernum orderid order# order orderreference ordername salesordernumber transactionid receiptnumber""",
    "row_key": """子订单编号 子订单号 子单号 子订单id 商品订单号 订单商品编号 订单明细编号 明细编号 明细id 行号
        suborderid subordernumber orderitemid orderlineid lineitemid lineid itemid""",
    "paid": """买家实付金额 用户实付金额 订单实付金额 客户实付金额 实付金额 实付款 实付总额 实付总金额 实付
        买家实际支付金额 实际支付金额 实际付款金额 实际付款 实付款金额 支付金额 已支付金额 付款金额 已付金额
        订单支付金额 订单实收金额 实收金额 实收款 实收 成交金额 订单成交金额 交易金额 订单应付金额 用户应付金额
        应付金额 应付款 订单总金额 订单总额 订单金额 总金额 金额 n.revenue(formatted) n.revenue netrevenue
        totalpaid amountpaid paidamount paymentamount ordertotal grandtotal totalamount total amount revenue""",
    "refund": """订单已退款金额 已退款金额 累计退款金额 退款总金额 退款总额 成功退款金额 退款成功金额 实退金额
        实际退款金额 商品已退款金额 退款金额 售后退款金额 退款 退货金额 refundedamount amountrefunded
        totalrefunded refundamount refunds refund refunded""",
    "shipping": """买家应付邮费 运费 邮费 快递费 物流费 配送费 运费金额 订单运费 实付运费 shippingfee
        shippingcost shippingamount shippingtotal deliveryfee freight postage shipping""",
    "status": """订单状态 订单当前状态 交易状态 订单商品状态 状态 orderstatus financialstatus paymentstatus
        status orderstate state""",
    "after_sale": """售后状态 维权状态 退款状态 订单退款状态 退款售后状态 售后退款状态 退货状态 商品售后 售后
        refundstatus aftersalestatus aftersalesstatus returnstatus""",
    "ordered_at": """订单创建时间 下单时间 创建时间 拍下时间 订单提交时间 提交时间 订单时间 下单日期 订单日期
        订单创建日期 createdat ordercreatedat datecreated createddate created ordertime orderdate orderedat
        placedat date""",
    "paid_at": """买家付款时间 订单付款时间 订单支付时间 支付完成时间 支付成功时间 付款时间 支付时间 付款日期
        支付日期 收款时间 paidat datepaid paiddate paidon paidtime paymenttime paymentdate""",
    "completed_at": """订单完成时间 交易成功时间 交易完成时间 完成时间 确认收货时间 订单确认收货时间 收货时间
        签收时间 completedat datecompleted completeddate completiondate finishedat""",
    "buyer": """买家会员名 买家账号 买家帐号 买家id 用户编号 用户id 用户账号 会员账号 会员编号 会员id 会员号
        客户编号 客户id 客户账号 下单账号 下单帐号 buyerid buyerusername buyeraccount customerid customernumber
        userid username customeremail buyeremail billingemail email""",
    "phone": """买家手机号 买家手机号码 买家手机 买家电话 会员手机号 会员手机 用户手机号 用户手机 用户购买手机号
        客户手机号 客户手机 下单手机号 下单人手机号 下单人手机 注册手机号 绑定手机号 buyerphone customerphone
        billingphone memberphone""",
    "title": """商品名称 商品标题 宝贝标题 全部商品名称 货品名称 产品名称 商品信息 商品 货品 选购商品
        productname producttitle product product(s) products itemname lineitemname itemtitle title description
        item items""",
    "sku": """商家编码 规格编码 sku编码 商品编码 商品货号 货号 货品编号 商品条码 条码 sku skucode itemsku
        productsku lineitemsku productcode barcode""",
    "quantity": """商品数量 购买数量 宝贝总数量 商品总数量 成交数量 数量 商品件数 件数 quantity qty itemquantity
        lineitemquantity itemssold units""",
}
RANKS = {name: (attribute, place) for attribute, names in NAMES.items() for place, name in enumerate(names.split())}
# What a longer name must not have to be taken for one that it contains.
OTHERWISE = re.compile(
    r"优惠|折扣|满减|券|积分|红包|税|手续费|佣金|服务费|预计|原因|说明|备注|申请|单价|原价|售价|成本|商家实|商家应|"
    r"平台|补贴|收货人|收件人|提货|发货|物流|快递|门店|导购|分销|发票|赠|"
    r"number of|tax|fee|discount|coupon|gift|ship|refunddate"
)
UNIT = re.compile(r"[(\[](?:元|¥|￥|cny|rmb|usd|单位.*?|含.*?|包含.*?)[)\]]|元$")
SEPARATORS = str.maketrans("", "", "_-·:：/ ")
CONTAINED, CONTAINED_LATIN = 3, 7  # letters that a name must have to be looked for in a longer one

CLEAR_WORDS = {
    UNPAID: """等待付款 未付款 未支付 待支付 待付款 待买家付款 pending pendingpayment unpaid awaitingpayment
        failed expired""",
    PAID: """已付款 已支付 支付成功 付款成功 待发货 待配送 备货中 部分发货 已发货 配送中 待收货 待自提 待核销
        paid processing shipped fulfilled dispatched""",
    COMPLETED: """交易成功 交易完成 订单完成 已完成 完成 已签收 已收货 确认收货 已核销 已自提 completed complete
        delivered finished""",
    PARTIALLY_REFUNDED: "部分退款 已部分退款 partiallyrefunded partialrefund",
    REFUNDED: "已退款 退款成功 退款完成 全额退款 全部退款 已退货退款 refunded fullyrefunded",
    CLOSED: """交易关闭 订单关闭 已关闭 关闭 已取消 订单取消 交易取消 取消 已作废 cancelled canceled closed
        voided trash""",
    HOLD: "退款中 售后中 维权中 退款处理中 售后处理中 待审核 onhold",
}
AFTER_SALE_WORDS = {
    KEPT: """无 无售后 没有售后 未申请 没有申请退款 无退款申请 无维权 未退款 售后关闭 退款关闭 维权关闭 售后取消
        售后拒绝 换货成功 换货完成 none norefund""",
    REFUNDED: "已退款 退款成功 退款完成 售后成功 售后完成 维权成功 维权完成 全额退款 refunded",
    HOLD: "退款中 售后中 维权中 售后处理中 退款处理中 待审核 pending requested 部分退款",
}


class Seen(NamedTuple):
    """What the amounts in the first rows say: what a row is, and whether refunds are taken off what was paid."""

    rows: str
    net: bool
    several: int  # orders that have several rows


def columns(header: Sequence[str], earlier: Sequence[Plan] = ()) -> dict[str, int]:
    """What each column probably is: as it was chosen in an earlier header, else by its name."""
    found = _as_earlier(header, earlier)
    taken = set(found.values())
    ranked = sorted(
        (rank, index, attribute)
        for index, name in enumerate(header)
        for attribute, rank in _ranks(name)
        if index not in taken and attribute not in found
    )
    for _rank, index, attribute in ranked:
        if attribute not in found and index not in found.values():
            found[attribute] = index
    return found


def columns_of(form: Format, header: Sequence[str], earlier: Sequence[Plan] = ()) -> dict[str, int]:
    """What each column of a header is to a format: as it was corrected in an earlier header, else by its name."""
    found = _as_earlier(header, earlier)
    return found | {
        attribute: index
        for attribute, index in form.find(header).items()
        if attribute not in found and index not in found.values()
    }


def _as_earlier(header: Sequence[str], earlier: Sequence[Plan]) -> dict[str, int]:
    names = [normal(one) for one in header]
    found: dict[str, int] = {}
    for plan in earlier:
        for attribute, index in plan.columns.items():
            name = normal(plan.header[index])
            if attribute not in found and name in names and names.index(name) not in found.values():
                found[attribute] = names.index(name)
    return found


@lru_cache(maxsize=4096)
def _ranks(name: str) -> list[tuple[str, int]]:
    """The columns that a name may stand for, with a rank: the lower, the likelier."""
    bare = _bare(name)
    if bare in RANKS:
        attribute, place = RANKS[bare]
        return [(attribute, place)]
    if OTHERWISE.search(bare):
        return []
    return [
        (attribute, 1000 + place - 10 * len(known))
        for known, (attribute, place) in RANKS.items()
        if len(known) >= (CONTAINED_LATIN if known.isascii() else CONTAINED) and known in bare
    ]


def _bare(name: str) -> str:
    """A header as it is compared here: in small letters, without unit and separators."""
    small = normal(name).lower()
    return UNIT.sub("", small).translate(SEPARATORS)


def words(attribute: str, found: Sequence[str], earlier: Sequence[Plan] = ()) -> dict[str, str]:
    """The class of each word of a status column: as in an earlier file, else as platforms use it, else ""."""
    known = _known(attribute)
    for plan in reversed(earlier):
        known |= plan.words.get(attribute, {})
    return {one: known.get(cells.word(one)) or known.get(_bare(cells.word(one)), "") for one in found}


def _known(attribute: str) -> dict[str, str]:
    """Words of which all formats say the same, and clear words of none."""
    classes: dict[str, set[str]] = {}
    for form in FORMATS.values():
        column = form.columns.get(attribute)
        for one, status in column.classes.items() if isinstance(column, Status) else ():
            classes.setdefault(one, set()).add(status)
    known = {one: several.pop() for one, several in classes.items() if len(several) == 1}
    clear = AFTER_SALE_WORDS if attribute == "after_sale" else CLEAR_WORDS
    known |= {one: status for status, many in clear.items() for one in many.split()}
    return known | ({"": KEPT} if attribute == "after_sale" else {})


def seen(rows: Sequence[Sequence[str]], found: Mapping[str, int]) -> Seen:
    """What the first rows of a file say about its amounts."""
    amounts: dict[str, list[Decimal]] = {}
    net = False
    for row in rows:
        number, paid, refund = (_cell(row, found.get(attribute)) for attribute in ("number", "paid", "refund"))
        if NUMBER.fullmatch(cells.bare(number)) and (amount := _amount(paid)) is not None:
            amounts.setdefault(cells.bare(number), []).append(amount)
            net = net or (_amount(refund) or 0) > amount
    several = [one for one in amounts.values() if len(one) > 1]
    if not several:
        return Seen(ORDER, net, 0)
    same = all(len(set(one)) == 1 for one in several)
    return Seen(REPEATED if same else PART, net, len(several))


def _cell(row: Sequence[str], index: int | None) -> str:
    return row[index] if index is not None and index < len(row) else ""


def _amount(text: str) -> Decimal | None:
    try:
        return AMOUNT(text)
    except BadCell:
        return None


AMOUNT = AnyMoney()


def platform(header: Sequence[str]) -> str:
    """The platform without a format of its own whose file this is, "" if its header does not tell."""
    names = {normal(one) for one in header}
    reports = ({"Order#", "N.Revenue(formatted)"}, {"Order#", "N.Revenue"})
    return "woocommerce" if any(report <= names for report in reports) else ""


def net(header: Sequence[str]) -> bool:
    """Whether a header says that refunds are taken off already, as WooCommerce's net revenue is."""
    return bool(platform(header))
