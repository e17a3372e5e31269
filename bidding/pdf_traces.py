"""What a PDF tells about who made it: its dictionaries, its metadata, and the text that can be read out of it. Pure.

No rendering and no reading of pictures: text inside pictures cannot be judged here, and the pages say so. The browser
has the same in `portal/static/js/pdftraces.js`; both are held against the same hostile files.

Source: docs/spec/blind.md.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

#: No stream is unpacked further than this, and all streams of a file together not further than that.
MOST_STREAM, MOST_ALL = 32 << 20, 256 << 20
_MOST_MAPS = 64
#: Entries of the document information that programs write without knowing who works with them.
_PROGRAM = {"Creator", "Producer", "CreationDate", "ModDate", "Trapped", "Title", "Subject", "Keywords"}
_INFO = {"Author", "Creator", "Producer", "CreationDate", "ModDate"}
_MARKUP = {
    "Text", "FreeText", "Line", "Square", "Circle", "Polygon", "PolyLine", "Highlight", "Underline", "Squiggly",
    "StrikeOut", "Stamp", "Caret", "Ink", "Popup", "FileAttachment",
}  # fmt: skip
_STREAM = re.compile(r"(?<!end)stream\r?\n")
_TOKEN = re.compile(r"<<|>>|/[^\x00\t\n\f\r ()<>\[\]{}/%]*|\(|<[0-9A-Fa-f\s]*>|%[^\r\n]*|[^\x00\t\n\f\r ()<>\[\]{}/%]+")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_CREATOR = re.compile(
    r"<(dc:creator|pdfx:Company|xmp:Author|pdf:Author)\b[^>]*>(.*?)</\1>|(?:dc:creator|pdfx:Company)=\"([^\"]+)\"",
    re.S,
)
_FLATE = re.compile(r"/Filter\s*\[?\s*/(?:FlateDecode|Fl)\b")
_OTHER = re.compile(r"/(?:ASCII85Decode|ASCIIHexDecode|LZWDecode|RunLengthDecode|Crypt)\b")


@dataclass(slots=True)
class PdfTraces:
    """What was found.

    Attributes:
        codes: `pdf-info`, `pdf-xmp`, `pdf-embedded`, `pdf-annotation`, `pdf-form`, `pdf-signature`, `image-exif`,
            `unread`.
        properties: texts of properties;  texts: each way in which the pages' text may be read.
    """

    codes: set[str] = field(default_factory=set)
    properties: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def read_pdf(data: bytes) -> PdfTraces:
    """Look through a PDF."""
    found = PdfTraces()
    raw = data.decode("latin1")
    bodies, contents, maps, left, at = [], [], [], MOST_ALL, 0
    while start := _STREAM.search(raw, at):
        bodies.append(raw[at : start.start()])
        end = raw.find("endstream", start.end())
        end = len(raw) if end < 0 else end
        head = bodies[-1][bodies[-1].rfind(" obj") + 1 :]
        at = min(len(raw), end + 9)
        packed = raw[start.end() : end]
        if re.search(r"/Subtype\s*/Image\b", head):
            if "Exif\0\0" in packed[:65536]:
                found.codes.add("image-exif")
            continue
        if re.search(r"/Length1\b|/Subtype\s*/(?:Type1C|CIDFontType0C|OpenType)\b", head):
            continue
        text = packed
        if re.search(r"/Filter", head):
            if not _FLATE.search(head) or _OTHER.search(head):
                found.codes.add("unread")
                continue
            text = inflate(packed.encode("latin1"), 15, min(MOST_STREAM, left)).decode("latin1")
            left -= len(text)
            if left <= 0:
                found.codes.add("unread")
                break
        if re.search(r"/Type\s*/ObjStm\b", head):
            bodies.append(text)
        elif re.search(r"/Type\s*/Metadata\b", head) or "<x:xmpmeta" in text:
            _read_xmp(found, text)
        elif "beginbfchar" in text or "beginbfrange" in text:
            maps.append(text)
        elif re.search(r"T[jJ]\b", text):
            contents.append(text)
    bodies.append(raw[at:])
    body = "\n".join(bodies)
    for entries in dictionaries(body):
        _judge(found, entries, body)
    _read_texts(found, contents, maps[:_MOST_MAPS])
    return found


def inflate(data: bytes, window: int, most: int) -> bytes:
    """Unpack up to a number of bytes; of what is broken, what came out before."""
    unpacker, out = zlib.decompressobj(window), bytearray()
    try:
        for at in range(0, len(data), 65536):
            piece = data[at : at + 65536]
            while piece and len(out) < most and not unpacker.eof:
                out += unpacker.decompress(piece, most - len(out))
                piece = unpacker.unconsumed_tail
    except zlib.error:
        pass
    return bytes(out)


def _read_xmp(found: PdfTraces, packet: str) -> None:
    text = packet.encode("latin1").decode("utf-8", "replace")
    for match in _CREATOR.finditer(text):
        said = re.sub(r"<[^>]*>", "", match[2] or match[3] or "").strip()
        if said:
            found.codes.add("pdf-xmp")
    found.properties.append(re.sub(r"<[^>]*>", " ", text) + " ".join(re.findall(r'="([^"]*)"', text)))


def dictionaries(body: str) -> Iterator[dict[str, tuple[str, str]]]:
    """Yield the dictionaries of a text in the order in which they end: key → (kind, value).

    Kinds are `name`, `string`, `ref` (number of an object), `other`.
    """
    stack: list[list[tuple[str, str]]] = []
    for kind, value in tokens(body):
        if kind == "<<":
            stack.append([])
        elif kind == ">>":
            if stack:
                yield _entries(stack.pop())
                if stack:
                    stack[-1].append(("other", "<<>>"))
        elif stack:
            stack[-1].append((kind, value))


def _entries(row: list[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    at = 0
    while at < len(row):
        kind, key = row[at]
        at += 1
        if kind != "name":
            continue
        if at + 2 < len(row) and row[at + 2] == ("other", "R"):
            found[key] = ("ref", row[at][1])
            at += 3
        elif at < len(row):
            found[key] = row[at]
            at += 1
    return found


def tokens(body: str) -> Iterator[tuple[str, str]]:
    """Yield brackets of dictionaries, names, strings (as bytes written in Latin-1), and other words."""
    at = 0
    while match := _TOKEN.search(body, at):
        at, word = match.end(), match[0]
        if word in ("<<", ">>"):
            yield word, ""
        elif word == "(":
            value, at = _literal(body, at)
            yield "string", value
        elif word[0] == "<":
            digits = re.sub(r"\s", "", word[1:-1])
            yield "string", bytes.fromhex(digits + "0" * (len(digits) % 2)).decode("latin1")
        elif word[0] == "/":
            yield "name", re.sub(r"#([0-9A-Fa-f]{2})", lambda code: chr(int(code[1], 16)), word[1:])
        elif word[0] != "%":
            yield "other", word


def _literal(body: str, at: int) -> tuple[str, int]:
    out, depth = [], 1
    while at < len(body):
        sign = body[at]
        at += 1
        if sign == "\\" and at < len(body):
            octal = re.compile(r"[0-7]{1,3}").match(body, at)
            if octal:
                out.append(chr(int(octal[0], 8) & 255))
                at = octal.end()
            else:
                out.append(_ESCAPES.get(body[at], "" if body[at] in "\r\n" else body[at]))
                at += 1
            continue
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            break
        out.append(sign)
    return "".join(out), at


def text_of(string: str) -> str:
    """Return a text string of a PDF: UTF-16 or UTF-8 with their marks, else Latin-1."""
    raw = string.encode("latin1")
    if raw[:2] == b"\xfe\xff":
        return raw[2:].decode("utf-16-be", "replace")
    if raw[:3] == b"\xef\xbb\xbf":
        return raw[3:].decode("utf-8", "replace")
    return string


def _judge(found: PdfTraces, entries: dict[str, tuple[str, str]], body: str) -> None:
    name = {key: value for key, (kind, value) in entries.items() if kind == "name"}
    said = {key: text_of(value) for key, value in _strings(entries, body)}
    if name.get("Type") == "EmbeddedFile" or "EF" in entries:
        found.codes.add("pdf-embedded")
    if name.get("FT") == "Sig" or name.get("Type") == "Sig" or "ByteRange" in entries:
        found.codes.add("pdf-signature")
    elif "FT" in name:
        found.codes.add("pdf-form")
    if name.get("Subtype") in _MARKUP and ("Rect" in entries or name.get("Type") == "Annot"):
        found.codes.add("pdf-annotation")
    named = any(value.strip() for key, value in said.items() if key not in _PROGRAM)
    if named and "Type" not in entries and _INFO & said.keys():
        found.codes.add("pdf-info")
    found.properties += [value for value in said.values() if value.strip()]


def _strings(entries: dict[str, tuple[str, str]], body: str) -> Iterator[tuple[str, str]]:
    for key, (kind, value) in entries.items():
        if kind == "string":
            yield key, value
        elif kind == "ref" and (key in _INFO or key in ("Company", "Title", "Subject", "Keywords", "T", "Contents")):
            match = re.search(rf"(?<!\d){re.escape(value)}\s+\d+\s+obj\s*(?=[(<])", body)
            first = next(tokens(body[match.end() : match.end() + 65536]), None) if match else None
            if first is not None and first[0] == "string":
                yield key, first[1]


def _read_texts(found: PdfTraces, contents: list[str], maps: list[str]) -> None:
    shown = "".join(value for text in contents for kind, value in tokens(text) if kind == "string")
    if not shown:
        return
    found.texts.append(shown)
    for text in maps:
        width, codes = character_map(text)
        found.texts.append("".join(codes.get(shown[at : at + width], "") for at in range(0, len(shown), width)))


def character_map(text: str) -> tuple[int, dict[str, str]]:
    """Return how many bytes a code has, and what the codes of a `ToUnicode` map mean."""
    codes: dict[str, str] = {}
    for block in re.findall(r"beginbfchar(.*?)endbfchar", text, re.S):
        strings = [value for kind, value in tokens(block) if kind == "string"]
        for code, meaning in zip(strings[::2], strings[1::2], strict=False):
            codes[code] = _utf16(meaning)
    for block in re.findall(r"beginbfrange(.*?)endbfrange", text, re.S):
        for low, high, meaning in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            first, last, base = int(low, 16), int(high, 16), int(meaning, 16)
            for number in range(first, min(last, first + 65535) + 1):
                if base + number - first <= 0xFFFF:
                    codes[_code(number, low)] = chr(base + number - first)
        for low, items in re.findall(r"<([0-9A-Fa-f]+)>\s*<[0-9A-Fa-f]+>\s*\[([^\]]*)\]", block):
            for step, (_, meaning) in enumerate(tokens(items)):
                codes[_code(int(low, 16) + step, low)] = _utf16(meaning)
    return max((len(code) for code in codes), default=1) or 1, codes


def _code(number: int, like: str) -> str:
    width = (len(like) + 1) // 2
    code = int(number % 256**width)
    return code.to_bytes(width, "big").decode("latin1")


def _utf16(string: str) -> str:
    return str(string.encode("latin1"), "utf-16-be", "replace")
