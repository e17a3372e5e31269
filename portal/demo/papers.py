"""Papers that people of the demonstration make: real PDF files, of any size, with nothing but the standard library.

The Chinese text uses a font that every reader brings along (Adobe-GB1), so that no font is embedded. What a paper lacks
to its size is an image of noise: drawings and scans are what makes real bids large, and noise does not compress.
"""

import hashlib
import zlib
from collections.abc import Sequence

_HEAD = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
_LINES_PER_PAGE = 40


def make_pdf(title: str, lines: Sequence[str], *, size: int = 0) -> bytes:
    """Return a PDF.

    Args:
        title: set large on the first page.
        size: about how many bytes it should have; 0 for as few as needed. The same words give the same bytes.
    """
    pages = [lines[at : at + _LINES_PER_PAGE] for at in range(0, len(lines), _LINES_PER_PAGE)] or [[]]
    objects: list[bytes] = [b"", b""]  # catalog and page tree, written last
    font = _add(
        objects,
        b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[<</Type/Font"
        b"/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>"
        b"/DW 1000>>]>>",
    )
    image = _add(objects, _noise(title, size)) if size else 0
    numbers = []
    for at, page in enumerate(pages):
        content = _add(objects, _stream(b"", _text(title if at == 0 else "", page, bool(image) and at == 0)))
        drawings = b"/XObject<</N %d 0 R>>" % image if image else b""
        numbers.append(
            _add(
                objects,
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R"
                b"/Resources<</Font<</F %d 0 R>>%s>>>>" % (content, font, drawings),
            )
        )
    objects[0] = b"<</Type/Catalog/Pages 2 0 R>>"
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(numbers), b" ".join(b"%d 0 R" % n for n in numbers))
    return _file(objects)


def _add(objects: list[bytes], body: bytes) -> int:
    objects.append(body)
    return len(objects)


def _text(title: str, lines: Sequence[str], has_image: bool) -> bytes:
    parts = [b"q 120 0 0 120 420 60 cm /N Do Q"] if has_image else []
    y = 780
    if title:
        parts.append(b"BT /F 18 Tf 60 %d Td <%s> Tj ET" % (y, _hex(title)))
        y -= 36
    for line in lines:
        parts.append(b"BT /F 11 Tf 60 %d Td <%s> Tj ET" % (y, _hex(line)))
        y -= 18
    return b"\n".join(parts)


def _hex(text: str) -> bytes:
    return text.encode("utf-16-be").hex().encode()


def _noise(title: str, size: int) -> bytes:
    side = max(8, int((size / 3) ** 0.5))
    wanted = side * side * 3
    data = hashlib.shake_256(title.encode()).digest(wanted)
    head = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8" % (side, side)
    return _stream(head, data, compress=False)


def _stream(head: bytes, data: bytes, *, compress: bool = True) -> bytes:
    body = zlib.compress(data) if compress else data
    filtered = b"/Filter/FlateDecode" if compress else b""
    return b"<<%s%s/Length %d>>\nstream\n%s\nendstream" % (head, filtered, len(body), body)


def _file(objects: Sequence[bytes]) -> bytes:
    parts, offsets, at = [_HEAD], [], len(_HEAD)
    for number, body in enumerate(objects, 1):
        offsets.append(at)
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        at += len(parts[-1])
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\n" % (count, table, count))
    parts.append(b"startxref\n%d\n%%%%EOF\n" % at)
    return b"".join(parts)
