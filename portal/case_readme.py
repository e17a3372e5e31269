"""What a person reads first in a case bundle."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from trading.lot_view import LotView

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_MEMBERS = (
    ("lot/keyset.json", "开标密钥组：投标文件密封时使用的公钥"),
    ("lot/close.json", "开标清单：截止时有效的每一次递交"),
    ("lot/opening.json", "唱标表：开标时公布的投标人、报价，以及报价表单的解密密钥"),
    ("bids/", "每位投标人一个文件夹（编号同唱标表）：递交书、回执、密封的报价表单"),
    ("trustees/", "开标见证人签名的密钥分片（仅监督部门的案卷有）"),
    ("draws/", "每次抽取一个文件夹：抽取记录和候选名单，可以独立复算"),
    ("documents/", "签章文件（PDF），摘要均在日志中"),
    ("log/", "公开账本的检查点、条目及其证明；.tst 是时间戳机构对同名检查点的签名"),
    ("trust.json", "信任文件：日志、平台、见证方的公钥和执照根证书"),
)


def readme(lot: LotView, names: Sequence[str], *, made_at: datetime, rehearsal: bool) -> str:
    """Return the text.

    Args:
        names: of the members, so that only what is there is explained.
    """
    here = [f"  {name:<18} {text}" for name, text in _MEMBERS if any(known.startswith(name) for known in names)]
    lines = [
        "阳光交易 案卷",
        "",
        f"项目编号  {lot.tender}    标段 {lot.number}",
        f"标段名称  {lot.title}",
        f"招标人    {lot.procuring_entity_name}",
        f"代理机构  {lot.agency_name}",
        f"生成时间  {made_at.astimezone(_SHANGHAI):%Y-%m-%d %H:%M:%S}（北京时间）",
        *(["本案卷来自演练：平台时钟经过调整，当事人和结果不产生法律效力。"] if rehearsal else []),
        "",
        "怎样核验（不需要联网，不需要相信平台）",
        "  ./sunlit verify 案卷.zip --trust 从公报等独立渠道取得的信任文件.json",
        "  核验程序逐项重算：每份开启的投标都是截止前密封的那一份，没有一份缺失；",
        "  每次抽取都是事先公布的规则的唯一结果；公开账本没有被改写。任何一个字节被改动都会被指出。",
        "",
        "内容",
        *here,
        "",
        "不在案卷内的",
        "  投标文件正文依法只给评标委员会和监督部门；投标人与见证人的解密信息能打开正文，因此只给监督部门。",
        "  没有开启的投标保持密封。日志中限制查阅的条目只给出摘要，无法隐去而不被发现。",
        "  签章文件的印章请用阅读器核对；执照在签名时是否吊销须查吊销列表。",
    ]
    return "\n".join(lines) + "\n"
