"""Files that tell, or do not tell, whose they are: each with what has to be found in it."""

import io
import zipfile
import zlib

#: A bidder as the party library knows it.
IDENTITY = {
    "name": "西安云枢信息技术有限公司",
    "short": "云枢信息",
    "uscc": "91610131MA6U8KX03C",
    "person": "王守正",
    "phone": "029-88886666",
    "address": "西安市高新区科技路 1 号",
}


def stream(entries: str, data: bytes, *, packed: bool = True) -> bytes:
    body = zlib.compress(data) if packed else data
    filter_ = " /Filter /FlateDecode" if packed else ""
    return f"<<{entries}{filter_} /Length {len(body)}>>\nstream\n".encode() + body + b"\nendstream"


def pdf(*objects: str | bytes, info: str | bytes = "") -> bytes:
    """A PDF of these objects, numbered from 10; its information is object 1."""
    out = b"%PDF-1.7\n"
    if info:
        out += b"1 0 obj\n" + (info.encode("latin1") if isinstance(info, str) else info) + b"\nendobj\n"
    for number, item in enumerate(objects, 10):
        out += f"{number} 0 obj\n".encode() + (item.encode("latin1") if isinstance(item, str) else item) + b"\nendobj\n"
    return out + b"trailer\n<</Root 10 0 R /Info 1 0 R>>\nstartxref\n0\n%%EOF\n"


def archive(*members: tuple[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members:
            made.writestr(name, data)
    return out.getvalue()


def utf16(text: str) -> str:
    """A text string as hexadecimal digits."""
    return f"<FEFF{text.encode('utf-16-be').hex().upper()}>"


CLEAN_INFO = "<</Producer (WPS 12) /Creator (WPS) /CreationDate (D:20260701) /Title () /Author ()>>"
PAGE = stream("", b"BT /F1 12 Tf (Technical plan) Tj ET")
CMAP = (
    b"/CIDInit begincmap 1 begincodespacerange <0000><FFFF> endcodespacerange\n"
    b"2 beginbfchar <0003> <738B> <0004> <5B88> endbfchar\n"
    b"1 beginbfrange <0005> <0005> <6B63> endbfrange 1 beginbfrange <0010> <0011> [<0041> <0042>] endbfrange"
)
JPEG = b"\xff\xd8\xff\xe1\x00\x10Exif\0\0MM" + bytes(40)
CORE = "<cp:coreProperties><dc:creator>{}</dc:creator><cp:lastModifiedBy></cp:lastModifiedBy></cp:coreProperties>"
DOCUMENT = "<w:document><w:p><w:r><w:t>施工组织设计</w:t></w:r></w:p></w:document>"


def docx(*members: tuple[str, bytes | str], document: str = DOCUMENT) -> bytes:
    return archive(("word/document.xml", document), *members)


_XMP = (
    '<x:xmpmeta><rdf:RDF><rdf:Description xmp:CreatorTool="WPS">'
    "<dc:creator><rdf:Seq><rdf:li>{}</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def _found(*codes: str) -> list[tuple[str, str, str]]:
    """Codes as (where, code, what); `@` separates the member, `:` the kind."""
    rows = []
    for code in codes:
        code, _, where = code.partition("@")
        code, _, what = code.partition(":")
        rows.append((where, code, what))
    return sorted(rows)


NAME = IDENTITY["name"]
#: Case → name, bytes, findings.
CASES: dict[str, tuple[str, bytes, list[tuple[str, str, str]]]] = {
    "a clean PDF": ("技术标.pdf", pdf(PAGE, info=CLEAN_INFO), []),
    "the bidder in the file's name": ("云枢信息 技术标.pdf", pdf(PAGE), _found("identity-name:short")),
    "an author in the information": ("a.pdf", pdf(info="<</Producer (WPS) /Author (zhang)>>"), _found("pdf-info")),
    "an author with an escaped key": ("a.pdf", pdf(info="<</Producer (W) /#41uthor (zhang)>>"), _found("pdf-info")),
    "a property of one's own": ("a.pdf", pdf(info="<</Creator (WPS) /Company (x) >>"), _found("pdf-info")),
    "an author by reference": (
        "a.pdf",
        pdf("(zh\\(an\\)g \\101)", info="<</Producer (WPS) /Author 10 0 R>>"),
        _found("pdf-info"),
    ),
    "the bidder as producer, in UTF-16": (
        "a.pdf",
        pdf(info=f"<</Producer {utf16(NAME)}>>"),
        _found("identity-properties:name", "identity-properties:short"),
    ),
    "an author in a packed object": (
        "a.pdf",
        pdf(stream("/Type /ObjStm /N 1 /First 4", b"1 0 <</Producer (W) /Author (zhang)>>")),
        _found("pdf-info"),
    ),
    "XMP with an author": (
        "a.pdf",
        pdf(stream("/Type /Metadata /Subtype /XML", _XMP.format("zhang").encode(), packed=False)),
        _found("pdf-xmp"),
    ),
    "XMP without an author": (
        "a.pdf",
        pdf(stream("/Type /Metadata /Subtype /XML", _XMP.format("").encode(), packed=False)),
        [],
    ),
    "XMP that names the bidder elsewhere": (
        "a.pdf",
        pdf(stream("/Type /Metadata", f'<x:xmpmeta xmp:Label="{NAME}"></x:xmpmeta>'.encode())),
        _found("identity-properties:name", "identity-properties:short"),
    ),
    "a file inside": (
        "a.pdf",
        pdf("<</Type /Filespec /F (a.txt) /EF <</F 11 0 R>>>>", stream("/Type /EmbeddedFile", b"x")),
        _found("pdf-embedded"),
    ),
    "a comment": (
        "a.pdf",
        pdf("<</Type /Annot /Subtype /Highlight /Rect [0 0 1 1] /T (li si)>>"),
        _found("pdf-annotation"),
    ),
    "a link is no comment": ("a.pdf", pdf("<</Type /Annot /Subtype /Link /Rect [0 0 1 1]>>"), []),
    "a form field": ("a.pdf", pdf("<</FT /Tx /T (field1) /V (x)>>"), _found("pdf-form")),
    "a signature": (
        "a.pdf",
        pdf("<</Type /Sig /Filter /Adobe.PPKLite /ByteRange [0 1 2 3] /Contents <00>>>"),
        _found("pdf-signature"),
    ),
    "a photograph with its camera": (
        "a.pdf",
        pdf(stream("/Type /XObject /Subtype /Image /Filter /DCTDecode", JPEG, packed=False)),
        _found("image-exif"),
    ),
    "a coding that nobody reads": (
        "a.pdf",
        pdf(stream("/Filter /LZWDecode", b"\x80\x0b\x60", packed=False)),
        _found("unread"),
    ),
    "a code in the text, in pieces": (
        "a.pdf",
        pdf(stream("", b"BT [(9161) -20 (0131MA6) 5 (U8KX03C)] TJ ET")),
        _found("identity-text:uscc"),
    ),
    "a person in the text, by a character map": (
        "a.pdf",
        pdf(stream("", b"BT <000300040005> Tj ET"), stream("", CMAP)),
        _found("identity-text:person"),
    ),
    "a telephone across two strings": (
        "a.pdf",
        pdf(stream("", b"BT (tel 029-) Tj T* (8888 6666) Tj ET")),
        _found("identity-text:phone"),
    ),
    "a broken stream": ("a.pdf", pdf(stream("/Filter /FlateDecode", b"no zlib at all", packed=False)), []),
    "a PDF that is cut off": ("a.pdf", pdf(PAGE)[:60], []),
    "a clean document": ("技术标.docx", docx(("docProps/core.xml", CORE.format(""))), []),
    "an author in the properties": ("a.docx", docx(("docProps/core.xml", CORE.format("zhang"))), _found("office-core")),
    "the bidder as author": (
        "a.docx",
        docx(("docProps/core.xml", CORE.format(NAME))),
        _found("office-core", "identity-properties:name", "identity-properties:short"),
    ),
    "a company": ("a.xlsx", archive(("docProps/app.xml", "<Company>ACME</Company>")), _found("office-app")),
    "properties of one's own": (
        "a.docx",
        docx(("docProps/custom.xml", '<Properties><property name="x"/></Properties>')),
        _found("office-custom"),
    ),
    "comments in a text": (
        "a.docx",
        docx(("word/comments.xml", '<w:comments><w:comment w:author="li si"/></w:comments>')),
        _found("office-comments"),
    ),
    "comments in a table": (
        "a.xlsx",
        archive(("xl/comments1.xml", "<comments><authors><author>li si</author></authors></comments>")),
        _found("office-comments"),
    ),
    "tracked changes": (
        "a.docx",
        docx(document='<w:p><w:ins w:id="1" w:author="li si"><w:r/></w:ins></w:p>'),
        _found("office-revisions"),
    ),
    "the bidder as author of a change": (
        "a.docx",
        docx(document='<w:p><w:del w:id="1" w:author="王守正"/></w:p>'),
        _found("office-revisions", "identity-properties:person"),
    ),
    "a document inside": ("a.docx", docx(("word/embeddings/ole.bin", b"\xd0\xcf")), _found("office-embedded")),
    "a signed document": ("a.docx", docx(("_xmlsignatures/sig1.xml", "<Signature/>")), _found("office-signature")),
    "a photograph in a document": ("a.docx", docx(("word/media/1.jpeg", JPEG)), _found("image-exif")),
    "a name split by its runs": (
        "a.docx",
        docx(document="<w:p><w:r><w:t>西安云枢</w:t></w:r><w:r><w:t>信息技术&#26377;限公司</w:t></w:r></w:p>"),
        _found("identity-text:name", "identity-text:short"),
    ),
    "an address in full width": (
        "a.docx",
        docx(document="<w:t>西安市高新区科技路１号</w:t>"),
        _found("identity-text:address"),
    ),
    "an archive of such files": (
        "技术标.zip",
        archive(("云枢信息/方案.pdf", pdf(PAGE)), ("附件/a.docx", docx(("docProps/core.xml", CORE.format("zhang"))))),
        _found("office-core@附件/a.docx"),
    ),
    "an archive whose member is named so": (
        "技术标.zip",
        archive(("a/王守正.jpg", JPEG)),
        _found("identity-name:person@a/王守正.jpg", "image-exif@a/王守正.jpg"),
    ),
    "archives in archives": (
        "技术标.zip",
        archive(("a.zip", archive(("b.zip", archive(("c.zip", archive(("d.pdf", PAGE)))))))),
        _found("unread@a.zip/b.zip"),
    ),
    "an archive under a password": ("技术标.zip", archive(("a.txt", "x")).replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"), _found("unread")),
    "an archive without a directory": ("技术标.zip", b"PK\x03\x04" + bytes(50), _found("unread")),
}  # fmt: skip
