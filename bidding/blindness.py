"""Whether a part of a bid that must not tell whose it is does: names in properties, comments, signatures, text. Pure.

Tender documents may ask for a technical part without names (暗标); one that can be told apart is rejected under them.
The platform cannot look into what is sealed, so the bidder's own machine does, before sealing; what is found is a
warning there, with what to remove and where, and no refusal: whether a finding tells who bids is the committee's to
judge. Nobody reads text inside pictures, and that is said.

Source: 87号令 57 (evaluation without the bidders' names is the document's own rule); R-EVAL-04; docs/spec/blind.md. The
browser has the same in `portal/static/js/blind.js`.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bidding.pdf_traces import inflate, read_pdf

#: Larger files are not looked through, and say so.
MOST_FILE = 64 << 20
_MOST_MEMBER, _MOST_ALL, _MOST_DEPTH = 32 << 20, 256 << 20, 2
WORDS = {
    "identity-name": "文件名中有{what}：请给文件改名。",
    "identity-properties": "文件属性中有{what}：请在“文件—信息—属性”中删除后重新导出。",
    "identity-text": "正文中有{what}：请改为不含投标人信息的表述。",
    "pdf-info": "PDF 的文档属性写有作者或单位：请在导出前清空“作者”“单位”等属性。",
    "pdf-xmp": "PDF 的元数据（XMP）写有作者或单位：请清除元数据后重新导出。",
    "pdf-embedded": "PDF 内嵌有附件：请删除附件。",
    "pdf-annotation": "PDF 有批注，批注会显示作者：请删除全部批注。",
    "pdf-form": "PDF 有可填写的表单：请“打印”为普通 PDF。",
    "pdf-signature": "PDF 有电子签名或签章，签名会显示签名人：请使用未签名的版本。",
    "office-core": "文档属性写有作者或最后修改者：请用“检查文档—删除文档属性和个人信息”清除。",
    "office-app": "文档属性写有单位或经理：请用“检查文档—删除文档属性和个人信息”清除。",
    "office-custom": "文档有自定义属性：请删除。",
    "office-comments": "文档有批注，批注会显示作者：请删除全部批注。",
    "office-revisions": "文档有修订记录，修订会显示作者：请接受或拒绝全部修订。",
    "office-embedded": "文档嵌有其他文件：请删除或改为图片以外的正文。",
    "office-signature": "文档有数字签名：请删除签名。",
    "image-exif": "图片带有拍摄信息（EXIF），可能写有作者和地点：请清除后重新插入。",
    "unread": "文件有一部分无法检查（过大、已加密或者编码特殊）：请自行确认其中没有投标人信息。",
}
#: What every check leaves open; told with every result.
LIMITS = "图片和扫描页里的文字、印章、水印无法检查，请自行确认。"
#: Kinds of identity, as the words name them.
KINDS = {
    "name": "单位名称",
    "short": "单位简称",
    "uscc": "统一社会信用代码",
    "person": "法定代表人姓名",
    "phone": "联系电话",
    "address": "单位地址",
}


@dataclass(frozen=True, slots=True, order=True)
class Trace:
    """Something that may tell whose a file is.

    Attributes:
        where: the member of an archive; empty for the file itself.
        what: kind of identity (a key of `KINDS`) for the codes `identity-…`, else empty.
    """

    where: str
    code: str
    what: str = ""

    @property
    def words(self) -> str:
        """Say it to the bidder, with what to do."""
        said = WORDS[self.code].format(what=KINDS.get(self.what, ""))
        return f"{self.where}：{said}" if self.where else said


def find_traces(name: str, data: bytes, identity: Mapping[str, str]) -> list[Trace]:
    """Look through a file for what may tell whose it is.

    Args:
        name: the file's own name, without its folder.
        identity: kinds of `KINDS` → what this bidder is called there; empty ones are left out.

    Returns:
        Findings, sorted, each once.
    """
    needles = {kind: plain(text) for kind, text in identity.items() if len(plain(text)) >= 2}
    return sorted(set(_file(name, data, needles, "", 0)))


def plain(text: str) -> str:
    """Return a text as it is compared: one width, no blanks, small letters."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()


def _file(name: str, data: bytes, needles: Mapping[str, str], where: str, depth: int) -> Iterator[Trace]:
    yield from _named("identity-name", name, needles, where)
    ending = name.rpartition(".")[2].lower()
    if len(data) > MOST_FILE:
        yield Trace(where, "unread")
    elif data[:5] == b"%PDF-":
        yield from _pdf(data, needles, where)
    elif data[:4] == b"PK\x03\x04":
        yield from _archive(data, needles, where, depth, office=ending in ("docx", "xlsx"))
    elif data[:3] == b"\xff\xd8\xff" and b"Exif\0\0" in data[:65536]:
        yield Trace(where, "image-exif")


def _named(code: str, text: str, needles: Mapping[str, str], where: str) -> Iterator[Trace]:
    said = plain(text)
    for kind, needle in needles.items():
        if needle in said:
            yield Trace(where, code, kind)


def _pdf(data: bytes, needles: Mapping[str, str], where: str) -> Iterator[Trace]:
    found = read_pdf(data)
    for code in found.codes:
        yield Trace(where, code)
    yield from _named("identity-properties", "\n".join(found.properties), needles, where)
    for text in found.texts:
        yield from _named("identity-text", text, needles, where)


def _archive(data: bytes, needles: Mapping[str, str], where: str, depth: int, *, office: bool) -> Iterator[Trace]:
    left = _MOST_ALL
    for name, content in _members(data):
        if content is None or left <= 0:
            yield Trace(where, "unread")
            continue
        left -= len(content)
        if office:
            yield from _part(name, content, needles, where)
        elif depth < _MOST_DEPTH:
            inner = f"{where}/{name}" if where else name
            yield from _file(name.rpartition("/")[2], content, needles, inner, depth + 1)
        else:
            yield Trace(where, "unread")


def _part(name: str, content: bytes, needles: Mapping[str, str], where: str) -> Iterator[Trace]:
    """Look through a part of an office document."""
    if "/embeddings/" in name:
        yield Trace(where, "office-embedded")
    if name.startswith("_xmlsignatures/") and name.endswith(".xml"):
        yield Trace(where, "office-signature")
    if content[:3] == b"\xff\xd8\xff" and b"Exif\0\0" in content[:65536]:
        yield Trace(where, "image-exif")
    if not name.endswith((".xml", ".rels")):
        return
    text = content.decode("utf-8", "replace")
    said = _unescaped(re.sub(r"<[^>]*>", "", text))
    in_properties = name.startswith("docProps/")
    if name == "docProps/core.xml" and re.search(r"<(?:dc:creator|cp:lastModifiedBy)\b[^>]*>\s*[^<\s]", text):
        yield Trace(where, "office-core")
    if name == "docProps/app.xml" and re.search(r"<(?:Company|Manager)\b[^>]*>\s*[^<\s]", text):
        yield Trace(where, "office-app")
    if name == "docProps/custom.xml" and re.search(r"<property\b", text):
        yield Trace(where, "office-custom")
    if re.search(r"<w:comment\b|<author\b[^>]*>\s*[^<\s]|<person\b", text) and re.search(r"comments|persons", name):
        yield Trace(where, "office-comments")
    if re.search(r"<w:(?:ins|del|moveFrom|moveTo|rPrChange|pPrChange)\b[^>]*\bw:author=\"[^\"]", text):
        yield Trace(where, "office-revisions")
    yield from _named("identity-properties" if in_properties else "identity-text", said, needles, where)
    if not in_properties:
        attributes = " ".join(re.findall(r'(?:author|initials|displayName)="([^"]*)"', text))
        yield from _named("identity-properties", _unescaped(attributes), needles, where)


_ENTITY = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


def _unescaped(text: str) -> str:
    """Return a text of XML as it is read."""

    def one(match: re.Match[str]) -> str:
        if match[3]:
            return _ENTITIES[match[3]]
        code = int(match[1], 16) if match[1] else int(match[2])
        return chr(code) if 0 < code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else match[0]

    return _ENTITY.sub(one, text)


def _members(data: bytes) -> Iterator[tuple[str, bytes | None]]:
    """Yield the members of an archive by its directory; None for what cannot be read."""
    end = data.rfind(b"PK\x05\x06", 0, max(0, len(data) - 18))
    at = int.from_bytes(data[end + 16 : end + 20], "little") if end >= 0 else len(data)
    if end < 0:
        yield "", None
    while at + 46 <= len(data) and data[at : at + 4] == b"PK\x01\x02":
        field = {to: int.from_bytes(data[at + to : at + to + n], "little") for to, n in _FIELDS}
        name = data[at + 46 : at + 46 + field[28]].decode("utf-8", "replace")
        at += 46 + field[28] + field[30] + field[32]
        if name.endswith("/"):
            continue
        local = field[42]
        start = local + 30 + int.from_bytes(data[local + 26 : local + 28], "little")
        start += int.from_bytes(data[local + 28 : local + 30], "little")
        packed = data[start : start + field[20]]
        if field[8] & 1 or field[10] not in (0, 8) or field[24] > _MOST_MEMBER or local + 30 > len(data):
            yield name, None
        else:
            yield name, packed if field[10] == 0 else inflate(packed, -15, _MOST_MEMBER)


#: Offset and length in a row of the directory: flags, method, sizes, lengths of name, extra and comment, place.
_FIELDS = ((8, 2), (10, 2), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (42, 4))
