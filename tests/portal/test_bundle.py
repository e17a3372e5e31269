"""The container and the manifest: one possible form, and no byte that may change unnoticed."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.canonical import jcs, parse
from portal.archive import ArchiveError, Member, is_name, read_archive, write_archive
from portal.bundle import MANIFEST, BundleError, Part, bundle_payload, read_bundle, write_bundle

META = {"tender": "T", "lot": "001", "made_at": "2026-08-06T06:00:00.000Z", "rehearsal": False}
PARTS = [Part("b/data.json", "text", b'{"x":1}'), Part("a.txt", "text", "说明".encode()), Part("c.bin", "text", b"")]


def sign(typ: str, payload: dict) -> str:
    return f"{typ} {payload['manifest']}"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "case.zip"
    with path.open("wb") as out:
        write_bundle(out, PARTS, sign, **META)
    return path


def code_of(path: Path, data: bytes) -> tuple[str, str]:
    path.write_bytes(data)
    with pytest.raises(BundleError) as caught:
        read_bundle(path)
    return caught.value.code, caught.value.where


def test_a_bundle_reads_back_and_any_program_opens_it(bundle: Path) -> None:
    read = read_bundle(bundle)

    assert [member.name for member in read.of_kind("text")] == ["a.txt", "b/data.json", "c.bin"]
    assert read.read("a.txt") == "说明".encode()
    assert read.read("c.bin") == b""
    assert read.signature.decode() == sign("case-bundle+jws", bundle_payload(read.manifest))
    with read.open("b/data.json") as window:
        assert (window.read(3), window.read(100), window.read(1)) == (b'{"x', b'":1}', b"")
    with zipfile.ZipFile(bundle) as ordinary:
        assert ordinary.testzip() is None
        assert ordinary.namelist()[:3] == ["manifest.json", "manifest.jws", "a.txt"]
        assert ordinary.read("b/data.json") == b'{"x":1}'


def test_the_same_case_gives_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for order in (PARTS, PARTS[::-1]):
        out = io.BytesIO()
        write_bundle(out, order, sign, **META)
        made.append(out.getvalue())
    file = tmp_path / "data.json"
    file.write_bytes(b'{"x":1}')
    out = io.BytesIO()
    write_bundle(out, [Part("b/data.json", "text", file), *PARTS[1:]], sign, **META)

    assert made[0] == made[1] == out.getvalue()


def test_every_single_changed_byte_is_found(bundle: Path) -> None:
    data = bundle.read_bytes()

    for position in range(len(data)):
        mask = (0x01, 0x20, 0xFF)[position % 3]
        code, where = code_of(bundle, data[:position] + bytes([data[position] ^ mask]) + data[position + 1 :])
        assert code == "bundle-layout", position
        assert where


def test_where_the_change_is_told(bundle: Path) -> None:
    data = bundle.read_bytes()
    content = data.index("说明".encode())

    changed = data[:content] + b"\0" + data[content + 1 :]
    assert code_of(bundle, changed) == ("bundle-layout", "a.txt")
    assert code_of(bundle, data + b"\0") == ("bundle-layout", "archive")
    assert code_of(bundle, data[:-1]) == ("bundle-layout", "archive")
    assert code_of(bundle, b"x" + data)[0] == "bundle-layout"
    assert code_of(bundle, b"")[0] == "bundle-layout"
    assert code_of(bundle, data[: content + 2]) == ("bundle-layout", "a.txt")
    assert code_of(bundle, data[:40])[0] == "bundle-layout"
    assert code_of(bundle, data[:20])[0] == "bundle-layout"


def rebuilt(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    write_archive(out, [Member(name, content) for name, content in members.items()])
    return out.getvalue()


def test_what_the_manifest_does_not_list_is_refused(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as ordinary:
        members = {name: ordinary.read(name) for name in ordinary.namelist()}
    manifest = parse(members[MANIFEST])

    assert code_of(bundle, rebuilt({**members, "a.txt": b"other"})) == ("bundle-member", "a.txt")
    assert code_of(bundle, rebuilt({**members, "z.txt": b""})) == ("bundle-manifest", MANIFEST)
    assert code_of(bundle, rebuilt({k: v for k, v in members.items() if k != "c.bin"})) == ("bundle-manifest", MANIFEST)
    assert code_of(bundle, rebuilt(dict(reversed(members.items())))) == ("bundle-manifest", MANIFEST)
    swapped = {**members, "a.txt": members["b/data.json"], "b/data.json": members["a.txt"]}
    assert code_of(bundle, rebuilt(swapped)) == ("bundle-member", "a.txt")
    row = manifest["members"][0]
    for change in (
        {"v": 2}, {"v": True}, {"type": "x"}, {"tender": 1}, {"rehearsal": 0}, {"members": {}}, {"made_at": "now"},
        {"more": 1}, {"members": [{}]}, {"members": [{**row, "kind": "virus"}]}, {"members": [{**row, "kind": []}]},
        {"members": [{**row, "sha256": "x"}]}, {"members": [{**row, "name": 1}]}, {"members": [row, row]},
        {"members": manifest["members"][::-1]},
    ):  # fmt: skip
        made = rebuilt({**members, MANIFEST: jcs({**manifest, **change})})
        assert code_of(bundle, made) == ("bundle-manifest", MANIFEST), change
    for broken in (b"", b"[]", b'{"v": 1}'):
        assert code_of(bundle, rebuilt({**members, MANIFEST: broken})) == ("bundle-manifest", MANIFEST)


@pytest.mark.parametrize("name", ["../x", "/x", "x/", "a//b", ".x", "A", "说明", "", "a b", "x\0", "a" * 201, "a\\b"])
def test_only_plain_names_go_in(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(ArchiveError):
        write_archive(io.BytesIO(), [Member(name, b"")])
    with pytest.raises(BundleError):
        write_bundle(io.BytesIO(), [Part(name, "text", b"")], sign, **META)


def test_unknown_kinds_reserved_and_double_names_are_refused() -> None:
    for parts in ([Part("a", "virus", b"")], [Part(MANIFEST, "text", b"")], [Part("manifest.jws", "text", b"")]):
        with pytest.raises(BundleError):
            write_bundle(io.BytesIO(), parts, sign, **META)
    with pytest.raises(ArchiveError):
        write_archive(io.BytesIO(), [Member("a", b""), Member("a", b"")])


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "growing"
    file.write_bytes(b"1")

    class Growing(io.BytesIO):
        def write(self, data: bytes) -> int:
            file.write_bytes(b"12")
            return super().write(data)

    with pytest.raises(ArchiveError, match="changed"):
        write_archive(Growing(), [Member("a", file)])


def test_archives_of_other_programs_are_not_in_the_one_form(tmp_path: Path) -> None:
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", compression) as other:
            other.writestr("a", b"x" * 100)
        with pytest.raises(ArchiveError):
            read_archive(io.BytesIO(made.getvalue()))


def test_a_name_that_comes_twice_is_refused_when_read() -> None:
    one = rebuilt({"a": b"1"})
    local = one[: one.index(b"PK\x01\x02")]
    central = one[one.index(b"PK\x01\x02") : one.index(b"PK\x05\x06")]
    second = central[:42] + struct.pack("<L", len(local)) + central[46:]
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, 2 * len(central), 2 * len(local), 0)

    with pytest.raises(ArchiveError, match="twice"):
        read_archive(io.BytesIO(local + local + central + second + end))


NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}(/[a-z0-9][a-z0-9._-]{0,8})?", fullmatch=True)


@settings(max_examples=50)
@given(st.dictionaries(NAMES, st.binary(max_size=300), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_archives_round_trip_and_no_flip_survives(members: dict[str, bytes], shuffler) -> None:
    data = rebuilt(members)

    assert [found.name for found in read_archive(io.BytesIO(data))] == list(members)
    with zipfile.ZipFile(io.BytesIO(data)) as ordinary:
        assert {name: ordinary.read(name) for name in ordinary.namelist()} == members
    position = shuffler.randrange(len(data))
    changed = data[:position] + bytes([data[position] ^ (1 << shuffler.randrange(8))]) + data[position + 1 :]
    with pytest.raises(ArchiveError):
        read_archive(io.BytesIO(changed))
