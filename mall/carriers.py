"""Carriers of China: how they are called, and where a member follows his parcel.

Only addresses that a carrier has kept for years are here; of the others the number stands as text.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import quote

__all__ = ("CARRIERS", "Carrier", "called", "known", "tracking_url")


class Carrier(NamedTuple):
    """`name` is what members read; `words` are what else people write; `url` has `{number}`, or is empty."""

    name: str
    words: tuple[str, ...]
    url: str = ""


CARRIERS = (
    Carrier(
        "顺丰速运",
        ("顺丰", "顺丰快递", "順豐", "SF", "SF Express", "shunfeng", "shunfengsuyun"),
        "https://www.sf-express.com/we/ow/chn/sc/waybill/waybill-detail/{number}",
    ),
    Carrier(
        "中通快递",
        ("中通", "中通速递", "中通快运", "ZTO", "ZTO Express", "zhongtong"),
        "https://www.zto.com/express/expressCheck.html?txtBill={number}",
    ),
    Carrier("圆通速递", ("圆通", "圆通快递", "YTO", "YTO Express", "yuantong")),
    Carrier("申通快递", ("申通", "申通速递", "STO", "STO Express", "shentong")),
    Carrier("韵达快递", ("韵达", "韵达速递", "Yunda", "YD", "Yunda Express")),
    Carrier("极兔速递", ("极兔", "极兔快递", "J&T", "JT", "JTSD", "J&T Express", "jitu", "jtexpress")),
    Carrier(
        "京东快递",
        ("京东", "京东物流", "JD", "JDL", "JD Logistics", "JD Express", "jingdong", "jdwl"),
        "https://www.jdl.com/orderSearch/?waybillCodes={number}",
    ),
    Carrier("EMS", ("中国邮政EMS", "邮政EMS", "EMS邮政", "邮政速递", "邮政特快专递", "EMS快递", "邮政", "中国邮政")),
    Carrier("德邦快递", ("德邦", "德邦物流", "德邦快运", "Deppon", "DBL", "debang", "debangwuliu")),
    Carrier(
        "菜鸟速递",
        ("菜鸟", "菜鸟直送", "菜鸟裹裹", "丹鸟", "Cainiao"),
        "https://global.cainiao.com/newDetail.htm?mailNoList={number}",
    ),
)


def known(text: str) -> Carrier | None:
    """Return the carrier that a word stands for, however it is spelt: `ＳＦ express`, `顺丰 速运`, `中通（上海）`."""
    return _BY_WORD.get(_plain(text))


def called(text: str) -> str:
    """Return a carrier's name as members read it; a text that nobody knows stays as it is."""
    found = known(text)
    return found.name if found else text


def tracking_url(carrier: str, number: str) -> str:
    """Return where a parcel can be followed; empty where nobody knows, and for what is no tracking number."""
    found = known(carrier)
    if not found or not found.url or not re.fullmatch(r"[A-Za-z0-9-]{5,40}", number):
        return ""
    return found.url.replace("{number}", quote(number, safe=""))


def _plain(text: str) -> str:
    """Return what of a name tells it from another: no width, case, signs, nor what stands in brackets."""
    inner = re.sub(r"\([^)]*\)", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"(股份|有限公司|公司)", "", "".join(filter(str.isalnum, inner)).casefold())


_BY_WORD = {_plain(word): carrier for carrier in CARRIERS for word in (carrier.name, *carrier.words)}
