from datetime import UTC, datetime

import pytest

from bidding.keyfile import (
    KeyFileError,
    LicenceFile,
    PersonFile,
    read_licence_file,
    read_person_file,
    write_licence_file,
    write_person_file,
)
from kernel.canonical import jcs, parse
from kernel.crypto.authority import Holder, create_authority, issue_licence
from kernel.crypto.errors import KeyRefused
from kernel.crypto.keys import KeyKind, generate

NOW = datetime(2026, 7, 16, tzinfo=UTC)
USCC = "91350100M000100Y43"  # the example commonly given for GB 32100-2015


@pytest.fixture(scope="module")
def licence(tmp_path_factory):
    authority = create_authority(tmp_path_factory.mktemp("ca") / "authority", NOW)
    sign, encrypt = generate(KeyKind.P256), generate(KeyKind.P256)
    issued = issue_licence(authority, Holder(USCC, "示例公司"), sign.public, encrypt.public, NOW)
    chain = [authority.issuing]
    return LicenceFile(USCC, "示例公司", sign, [issued.sign, *chain], encrypt, [issued.encrypt, *chain])


def test_a_licence_file_gives_back_what_was_written(licence):
    read = read_licence_file(write_licence_file(licence, "口令 sunlit"), "口令 sunlit")

    assert (read.uscc, read.name) == (USCC, "示例公司")
    assert (list(read.sign), list(read.encrypt)) == (licence.sign, licence.encrypt)
    assert read.sign_key.public == licence.sign_key.public
    assert read.encrypt_key.public == licence.encrypt_key.public


def test_a_person_file_gives_back_what_was_written():
    keys = PersonFile(generate(KeyKind.P256), generate(KeyKind.P256))
    data = write_person_file(keys, "x")

    read = read_person_file(data, "x")

    assert read.sign_key.public == keys.sign_key.public
    assert read.unwrap_key.public == keys.unwrap_key.public
    with pytest.raises(KeyRefused):
        read_person_file(data, "y")


def test_other_files_are_refused(licence):
    data = write_licence_file(licence, "x")
    members = parse(data)
    others = [
        b"",
        b"[]",
        data + b"\n",
        jcs({**members, "more": 1}),
        jcs({**members, "v": True}),
        jcs({**members, "type": "key.file"}),
        jcs({**members, "sign": {"x5c": [], "key": members["sign"]["key"]}}),
        jcs({**members, "sign": {"key": members["sign"]["key"]}}),
        jcs({**members, "sign": {**members["sign"], "key": 1}}),
    ]
    for other in others:
        with pytest.raises(KeyFileError):
            read_licence_file(other, "x")
        with pytest.raises(KeyFileError):
            read_person_file(other, "x")
