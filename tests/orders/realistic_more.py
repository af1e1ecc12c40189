"""More files as their platforms write them (see realistic.py): Youzan, reports of Taobao, and the platforms abroad."""

from __future__ import annotations

from tests.orders import realistic as r
from tests.orders.realistic import Told, of

YOUZAN = of(
    {
        "订单状态": "交易完成",
        "订单创建时间": "2026-05-01 14:45:16",
        "买家付款时间": "2026-05-01 14:48:18",
        "交易成功时间": "2026-05-08 05:44:47",
        "订单已退款金额": "0.00",
        "应收订单金额": "999.00",
        "收货人手机号/提货人手机号": "\t13900007390",
        "买家手机号": "\t13800007596",
        "全部商品名称": "面霜, 50g",
    },
    {"订单号": "E20260501144516091837001", "订单实付金额": "80.00"},
    {"订单号": "E20260501144516091837002", "订单实付金额": "80.00", "订单已退款金额": "30.00"},
    {"订单号": "E20260501144516091837003", "订单实付金额": "80.00", "订单已退款金额": "80.00", "订单状态": "交易关闭"},
    {"订单号": "E20260501144516091837004", "订单实付金额": "0.00", "订单状态": "交易关闭", "买家付款时间": ""},
    {"订单号": "E20260501144516091837005", "订单实付金额": "0.00", "订单状态": "待付款", "买家付款时间": ""},
    {"订单号": "E20260501144516091837006", "订单实付金额": "69.20(分销商等级折扣：47.80)", "订单状态": "已发货"},
    {"订单号": "E20260501144516091837007", "订单实付金额": "44.28(已全额退款)"},
)
YOUZAN_ORDERS = {
    "E20260501144516091837001": ("completed", "80.00", "0.00"),
    "E20260501144516091837002": ("partially_refunded", "80.00", "30.00"),
    "E20260501144516091837003": ("refunded", "80.00", "80.00"),
    "E20260501144516091837004": ("closed", "0.00", "0.00"),
    "E20260501144516091837005": ("unpaid", "0.00", "0.00"),
    "E20260501144516091837006": ("paid", "69.20", "0.00"),
}
YOUZAN_ITEMS = of(
    {
        "订单商品状态": "交易完成",
        "交易成功时间": "2026-05-08 10:00:00",
        "商品名称": "面霜",
        "商品数量": "1",
        "规格编码": "S1",
    },
    {"订单号": "E20260501101010000000001", "商品实际成交金额": "60.00", "商品已退款金额": "0.00"},
    {"订单号": "E20260501101010000000001", "商品实际成交金额": "40.00", "商品已退款金额": "10.00", "规格编码": "S2"},
    {"订单号": "E20260501101010000000002", "商品实际成交金额": "60.00", "商品已退款金额": "60.00"},
    {"订单号": "E20260501101010000000003", "商品实际成交金额": "60.00", "订单商品状态": "交易关闭"},
    {"订单号": "E20260501101010000000004", "商品实际成交金额": "60.00", "订单商品状态": "待付款"},
    {"订单号": "E20260501101010000000005", "商品实际成交金额": "60.00", "商品已退款金额": "60.01"},
)
REPORT = of(
    {
        "收货地址 ": "浙江省",
        "订单创建时间": "2020-02-21 00:05:00",
        "订单付款时间 ": "2020-02-21 00:06:00",
        "退款金额": "0.00",
    },
    {"订单编号": "1", "总金额": "178.80", "买家实际支付金额": "178.80"},
    {"订单编号": "2", "总金额": "178.80", "买家实际支付金额": "100.00", "退款金额": "78.80"},
    {"订单编号": "3", "总金额": "178.80", "买家实际支付金额": "0.00", "退款金额": "178.80"},
    {"订单编号": "4", "总金额": "178.80", "买家实际支付金额": "0.00", "订单付款时间 ": ""},
    {"订单编号": "5", "总金额": "178.80", "买家实际支付金额": ""},
)
REPORT_ORDERS = {
    "1": ("paid", "178.80", "0.00"),
    "2": ("partially_refunded", "178.80", "78.80"),
    "3": ("refunded", "178.80", "178.80"),
    "4": ("unpaid", "0.00", "0.00"),
}
QIANNIU = of(
    {
        "订单创建时间": "2026-05-01 10:00:00",
        "订单付款时间": "2026-05-01 10:01:00",
        "退款金额": "0.00",
        "总金额(旧版)": "9",
    },
    {"订单编号": "4133907579300000001", "总金额": "60.00", "买家实付金额": "60.00"},
    {"订单编号": "4133907579300000002", "总金额": "60.00", "买家实付金额": "50.00", "退款金额": "10.00"},
    {"订单编号": "4133907579300000001", "总金额": "40.00", "买家实付金额": "40.00"},
)
SHOPIFY = {
    "Email": "Bob@example.com",
    "Financial Status": "paid",
    "Paid at": "2026-05-01 10:00:00 +0000",
    "Created at": "2026-05-01 10:00:00 +0000",
    "Currency": "USD",
    "Refunded Amount": "0.00",
    "Lineitem quantity": "1",
    "Lineitem name": "Cream, big",
    "Shipping Phone": "'+8613900000000",
}
SHOPIFY_RECORDS = [
    SHOPIFY | {"Name": "#1001", "Total": "20.00", "Refunded Amount": "4.00", "Notes": "leave it,\nplease"},
    {"Name": "#1001", "Lineitem quantity": "2", "Lineitem name": "Soap"},
    *of(
        SHOPIFY,
        {"Name": "#1002", "Total": "20.00", "Financial Status": "refunded", "Refunded Amount": "20.00"},
        {"Name": "#1003", "Total": "20.00", "Financial Status": "pending", "Paid at": ""},
        {"Name": "#1004", "Total": "20.00", "Financial Status": "voided", "Paid at": ""},
        {"Name": "#1005", "Total": "20.00", "Cancelled at": "2026-05-02 10:00:00 +0000"},
        {"Name": "#1006", "Total": "20.00", "Phone": "'+8613800001111"},
    ),
    {"Name": "#1006", "Email": "Bob@example.com", "Lineitem quantity": "2", "Lineitem name": "Soap"},
    SHOPIFY | {"Name": "#1007", "Total": "N/A"},
]
SHOPIFY_ORDERS = {
    "#1001": ("partially_refunded", "20.00", "4.00"),
    "#1002": ("refunded", "20.00", "20.00"),
    "#1003": ("unpaid", "0.00", "0.00"),
    "#1004": ("closed", "0.00", "0.00"),
    "#1005": ("hold", "20.00", "0.00"),
    "#1006": ("paid", "20.00", "0.00"),
}
AMAZON = of(
    {
        "purchase-date": "2026-05-01T10:00:00+00:00",
        "order-status": "Shipped",
        "item-status": "Shipped",
        "product-name": "Cream",
        "asin": "B00X",
        "sku": "A",
        "quantity": "1",
        "currency": "USD",
    },
    {
        "amazon-order-id": "111-2345678-0000001",
        "item-price": "20.00",
        "item-tax": "1.60",
        "item-promotion-discount": "2.00",
    },
    {"amazon-order-id": "111-2345678-0000001", "item-price": "10.00", "item-status": "Cancelled", "sku": "B"},
    {"amazon-order-id": "111-2345678-0000001", "item-price": "5.00", "sku": "C"},
    {"amazon-order-id": "111-2345678-0000002", "item-price": "", "order-status": "Pending", "item-status": "Unshipped"},
    {"amazon-order-id": "111-2345678-0000003", "order-status": "Cancelled", "item-status": "Cancelled"},
    {"amazon-order-id": "111-2345678-0000004", "item-price": "20.00", "order-status": "Shipped - Delivered to Buyer"},
    {"amazon-order-id": "111-2345678-0000005", "item-price": "20.00", "order-status": "Shipped - Returned to Seller"},
    {"amazon-order-id": "111-2345678-0000006", "item-price": "20.00", "order-status": "Beamed"},
)
AMAZON_ORDERS = {
    "111-2345678-0000001": ("paid", "24.60", "0.00"),
    "111-2345678-0000002": ("unpaid", "0.00", "0.00"),
    "111-2345678-0000003": ("closed", "0.00", "0.00"),
    "111-2345678-0000004": ("paid", "20.00", "0.00"),
    "111-2345678-0000005": ("hold", "20.00", "0.00"),
    "111-2345678-0000006": ("unknown", "0.00", "0.00"),
}
SQUARE = of(
    {
        "Date": "2026-05-01",
        "Time": "21:50:48",
        "Time Zone": "Eastern Time (US & Canada)",
        "Event Type": "Payment",
        "Tip": "$2.00",
        "Card": "$99.00",
        "Customer ID": "CUST1",
        "Description": "Cream",
    },
    {
        "Transaction ID": "TxAAAA1",
        "Payment ID": "PayAAA1",
        "Net Sales": "$1,234.00",
        "Tax": "$0.80",
        "Total Collected": "$1",
    },
    {
        "Transaction ID": "TxAAAA2",
        "Payment ID": "PayAAA2",
        "Net Sales": "$10.00",
        "Tax": "$0.80",
        "Total Collected": "$1",
    },
    {
        "Transaction ID": "TxAAAA2",
        "Payment ID": "PayAAA2",
        "Event Type": "Refund",
        "Net Sales": "-$3.00",
        "Tax": "-$0.24",
        "Total Collected": "-$3.24",
    },
    {
        "Transaction ID": "TxAAAA4",
        "Payment ID": "PayAAA4",
        "Date": "10/05/2026",
        "Time": "2:30:00 PM",
        "Net Sales": "$5.00",
        "Total Collected": "$7.00",
    },
    {"Transaction ID": "TxAAAA5", "Payment ID": "PayAAA5", "Event Type": "Payout", "Net Sales": "$5.00"},
)
SQUARE_ORDERS = {
    "TxAAAA1": ("paid", "1234.80", "0.00"),
    "TxAAAA2": ("partially_refunded", "10.80", "3.24"),
    "TxAAAA4": ("paid", "5.00", "0.00"),
}
STRIPE = of(
    {"Created date (UTC)": "2026-05-01 10:00:00", "Currency": "usd", "Status": "Paid", "Amount Refunded": "0.00"},
    {"id": "ch_1NabcdefGH", "Amount": "20.00"},
    {"id": "ch_2NabcdefGH", "Amount": "20.00", "Amount Refunded": "5.00"},
    {"id": "py_3NabcdefGH", "Amount": "20.00", "Amount Refunded": "20.00"},
    {"id": "ch_4NabcdefGH", "Amount": "20.00", "Status": "Failed"},
    {"id": "ch_5NabcdefGH", "Amount": "20.00", "Status": "Refunded", "Amount Refunded": "20.00"},
    {"id": "ch_6NabcdefGH", "Amount": "20,00"},
)
STRIPE_ORDERS = {
    "ch_1NabcdefGH": ("paid", "20.00", "0.00"),
    "ch_2NabcdefGH": ("partially_refunded", "20.00", "5.00"),
    "py_3NabcdefGH": ("refunded", "20.00", "20.00"),
    "ch_4NabcdefGH": ("unpaid", "0.00", "0.00"),
    "ch_5NabcdefGH": ("refunded", "20.00", "20.00"),
}
EBAY = [
    {},
    *of(
        {"Buyer Username": "bob", "Sale Date": "Jul-21-25", "Paid On Date": "Jul-22-25", "Quantity": "1"},
        {
            "Sales Record Number": "101",
            "Order Number": "12-34567-89012",
            "Item Number": "1100",
            "Item Title": "Cream",
            "Sold For": "$10.00",
            "Shipping And Handling": "$2.00",
            "Total Price": "$12.00",
        },
        {
            "Sales Record Number": "102",
            "Order Number": "12-34567-89013",
            "Total Price": "AU $3,000.00",
            "Quantity": "2",
        },
        {
            "Sales Record Number": "102",
            "Order Number": "12-34567-89013",
            "Item Number": "1",
            "Sold For": "AU $1,500.00",
        },
        {
            "Sales Record Number": "102",
            "Order Number": "12-34567-89013",
            "Item Number": "2",
            "Sold For": "AU $1,500.00",
        },
        {"Sales Record Number": "103", "Item Number": "3", "Total Price": "EUR 90,00", "Paid On Date": "26-May-26"},
        {"Sales Record Number": "104", "Order Number": "12-34567-89015", "Item Number": "3", "Total Price": "$5.00"},
        {"Sales Record Number": "105", "Order Number": "12-34567-89016", "Item Number": "3", "Total Price": "five"},
    ),
]
EBAY[6]["Paid On Date"] = ""
EBAY_ORDERS = {
    "12-34567-89012": ("paid", "12.00", "0.00"),
    "12-34567-89013": ("paid", "3000.00", "0.00"),
    "103": ("paid", "90.00", "0.00"),
    "12-34567-89015": ("unpaid", "0.00", "0.00"),
}
COMMAS = "," * 50 + "\n"

FOOTER = "7,record(s) downloaded,\nSeller ID : shop\n"

FILES = {
    "TAOBAO_LIST_41_2016": Told(r.LIST_RECORDS, r.LIST_ORDERS, [7, 9], "gb18030"),
    "TAOBAO_LIST_54": Told(r.LIST_54, r.ORDERS_54, [7, 9], "gb18030"),
    "TAOBAO_LIST_56": Told(r.LIST_54, r.ORDERS_54, [7, 9], "gb18030"),
    "TAOBAO_ITEMS_27": Told(
        r.ITEMS,
        {
            "4133907579300000001": ("partially_refunded", "100.00", "10.00"),
            "4133907579300000002": ("partially_refunded", "100.00", "60.00"),
            "4133907579300000003": ("closed", "0.00", "0.00"),
            "4133907579300000005": ("hold", "60.00", "0.00"),
            "4133907579300000006": ("completed", "60.00", "0.00"),
        },
        [9],
    ),
    "TMALL_REPORT_7": Told(REPORT, REPORT_ORDERS, [6], "utf-8"),
    "QIANNIU_CUSTOM_19": Told(
        QIANNIU,
        {
            "4133907579300000001": ("paid", "60.00", "0.00"),
            "4133907579300000002": ("partially_refunded", "60.00", "10.00"),
        },
        [4],
    ),
    "DOUYIN_SUB_74": Told(r.SUB, r.SUB_ORDERS, [10]),
    "DOUYIN_MAIN_75": Told(r.MAIN, r.MAIN_ORDERS, [4]),
    "JD_30_2016": Told(r.JD, r.JD_ORDERS, [13, 14], "gb18030"),
    "JD_80_2026": Told(r.JD, r.JD_ORDERS, [13, 14], "gb18030"),
    "PDD_23": Told(r.PDD, r.PDD_ORDERS, [], "utf-8", before="名称：订单明细\n"),
    "PDD_WIDE_62": Told(r.PDD, r.PDD_ORDERS, [], "gb18030"),
    "XHS_72": Told(r.XHS, r.XHS_ORDERS, [12]),
    "KUAISHOU_61": Told(r.KUAISHOU, r.KUAISHOU_ORDERS, [8]),
    "WECHAT_57": Told(r.WECHAT, r.WECHAT_ORDERS, [10]),
    "YOUZAN_ORDER_59_2025": Told(YOUZAN, YOUZAN_ORDERS, [8]),
    "YOUZAN_ORDER_60": Told(YOUZAN, YOUZAN_ORDERS, [8]),
    "YOUZAN_ITEM_37": Told(
        YOUZAN_ITEMS,
        {
            "E20260501101010000000001": ("partially_refunded", "100.00", "10.00"),
            "E20260501101010000000002": ("refunded", "60.00", "60.00"),
            "E20260501101010000000003": ("closed", "0.00", "0.00"),
            "E20260501101010000000004": ("unpaid", "0.00", "0.00"),
        },
        [7],
    ),
    "SHOPIFY_79": Told(SHOPIFY_RECORDS, SHOPIFY_ORDERS, [11], "utf-8"),
    "AMAZON_ALL_ORDERS_29": Told(AMAZON, AMAZON_ORDERS, [], "utf-8", "\t"),
    "AMAZON_ALL_ORDERS_32": Told(AMAZON, AMAZON_ORDERS, [], "utf-8", "\t"),
    "SQUARE_TRANSACTIONS_55": Told(SQUARE, SQUARE_ORDERS, [6], "utf-8"),
    "STRIPE_PAYMENTS_17": Told(STRIPE, STRIPE_ORDERS, [7], "utf-8"),
    "EBAY_ORDERS_51": Told(EBAY, EBAY_ORDERS, [10], "utf-8", before=COMMAS, after=FOOTER),
}
