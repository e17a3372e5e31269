"""What speaks against a bidder's file before it is sealed: name, size, kind, password, what it unpacks to. Pure.

The platform cannot look into what is sealed, so the bidder's own machine does. Nothing is ever unpacked here: an
archive is judged by its directory, a PDF by its ends.

Source: R-ET-04 (20号令 26); 条例 36; docs/spec/offline.md, "Files". The browser has the same in `bidcheck.js`.
"""

import re
import zipfile
from pathlib import PurePath
from typing import BinaryIO

from bidding.drafting import Fault
from bidding.vocabulary import MAX_FILE_BYTES

_ZIP = b"PK\x03\x04"
#: The first bytes by extension.
STARTS = {".pdf": b"%PDF-", ".xlsx": _ZIP, ".docx": _ZIP, ".zip": _ZIP}
#: An archive that unpacks to more, by its own directory, is no bid: evaluators have to open it.
MAX_UNPACKED = 4 * MAX_FILE_BYTES
#: So often does plain office text compress; zeros compress a thousandfold.
MAX_RATIO = 200
MAX_ENTRIES = 10_000
_TAIL = 4096
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"|?*\u202a-\u202e\u2066-\u2069\ufeff]')


def check_attachment(name: str, size: int, file: BinaryIO, bidder_name: str = "") -> list[Fault]:
    """Check a file as the bidder chose it.

    Args:
        name: the file's own name, without its folder.
        size: bytes.
        file: open for reading, seekable.
        bidder_name: must not stand in the file's name: technical parts are read without names.
    """
    faults = _name_faults(name, bidder_name)
    start = STARTS.get(PurePath(name).suffix.lower())
    if start is None:
        return [*faults, Fault(name, "请选择 PDF、XLSX、DOCX 或 ZIP 文件：这个文件的类型不在其中。")]
    if size == 0:
        return [*faults, Fault(name, "请重新选择：这是空文件。")]
    if size > MAX_FILE_BYTES:
        return [*faults, Fault(name, f"请压缩或拆分：文件超过 {MAX_FILE_BYTES >> 20} MiB 的上限。")]
    head = _read(file, 0, 16)
    if head.startswith(b"\x89SBE1"):
        return [*faults, Fault(name, "请选择原始文件：这已经是密封信封，不能再密封一次。")]
    if not head.startswith(start):
        return [*faults, Fault(name, "请检查文件：内容与扩展名不符。")]
    if start == b"%PDF-":
        return faults + _pdf_faults(name, size, file)
    return faults + _archive_faults(name, file)


def _name_faults(name: str, bidder_name: str) -> list[Fault]:
    faults = []
    if _UNFIT.search(name) or name != name.strip() or name in ("", ".", "..") or len(name.encode()) > 240:
        faults.append(Fault(name or "?", "请给文件改名：文件名含有控制字符或不能使用的符号，或者过长。"))
    if bidder_name and bidder_name in name:
        faults.append(Fault(name, "请给文件改名：文件名不要包含单位名称。"))
    return faults


def _pdf_faults(name: str, size: int, file: BinaryIO) -> list[Fault]:
    tail = _read(file, max(0, size - _TAIL), _TAIL)
    if b"%%EOF" not in tail:
        return [Fault(name, "请重新导出或复制：PDF 文件不完整，没有结尾。")]
    trailer = tail.rfind(b"trailer")
    if trailer >= 0 and re.search(rb"/Encrypt\b", tail[trailer:]):
        return [Fault(name, "请去除口令后再选择：PDF 设有打开口令，评标时无法阅读。")]
    return []


def _archive_faults(name: str, file: BinaryIO) -> list[Fault]:
    try:
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError):
        return [Fault(name, "请重新打包：压缩文件已损坏或不完整。")]
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if not any(not entry.is_dir() for entry in entries):
        return [Fault(name, "请重新打包：压缩文件里没有文件。")]
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(packed, 1 << 20):
        return [Fault(name, "请重新打包：压缩文件解开后过大，评标时无法打开。")]
    if any(entry.flag_bits & 1 for entry in entries):
        return [Fault(name, "请去除口令后重新打包：压缩文件设有口令，评标时无法打开。")]
    if any(_escapes(entry.filename) for entry in entries):
        return [Fault(name, "请重新打包：压缩文件里有指向文件夹之外的路径。")]
    return []


def _escapes(path: str) -> bool:
    parts = path.replace("\\", "/").split("/")
    return path.startswith(("/", "\\")) or ".." in parts or (len(path) > 1 and path[1] == ":")


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)
