"""`sunlit licence` as its user types it: what it does, and one sentence for everything that cannot be done."""

from pathlib import Path

import pytest

from portal.cli import main

FIRM, OTHER = "91421083MA49000060", "91512081MA62K0260E"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def licence(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    try:
        code = main(["licence", *words, "--authority", "ca"])
    except SystemExit as end:  # wrong usage
        code = int(end.code or 0)
    said = capsys.readouterr()
    return code, said.out + said.err


def test_the_life_of_a_licence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = [
        (0, "已签发 洪湖测试有限公司", "issue", "--uscc", FIRM.lower(), "--name", "洪湖测试有限公司"),
        (1, "换发请用 rotate", "issue", "--uscc", FIRM, "--name", "洪湖测试有限公司", "--out", "b.lic"),
        (0, "已签发", "issue", "--uscc", FIRM, "--name", "洪湖测试有限公司", "--person", "李四", "--role", "clerk",
         "--out", "clerk.lic"),
        (0, "暂停", "suspend", FIRM),
        (0, "存续", "resume", FIRM),
        (1, "没有处于暂停状态", "resume", FIRM),
        (1, "不覆盖", "rotate", FIRM),
        (0, f"{FIRM}  存续", "list"),
        (0, "已签发", "rotate", FIRM, "--out", "new.lic"),
        (0, "2 项", "crl", "--out", "list.crl"),
        (0, "吊销", "revoke", FIRM, "--reason", "withdrawn"),
        (1, "不能恢复", "resume", FIRM),
        (1, "没有有效的执照", "rotate", FIRM, "--out", "third.lic"),
        (0, "签发机构：", "trust"),
    ]  # fmt: skip
    for status, words, *command in steps:
        code, said = licence(capsys, *command)
        assert (code, words in said) == (status, True), (command, said)

    assert sorted(file.name for file in folder.glob("*.lic")) == [f"{FIRM}.lic", "clerk.lic", "new.lic"]
    _, listed = licence(capsys, "list")
    assert "已换发" in listed
    assert listed.count(FIRM) == 3, "a rotation that failed has issued nothing"


@pytest.mark.parametrize(
    ("code", "told", "words"),
    [
        (2, "1 至 64 个字", ("--name", " ")),
        (2, "1 至 64 个字", ("--name", "长" * 65)),
        (2, "有效期为", ("--name", "四川", "--days", "0")),
        (2, "有效期为", ("--name", "四川", "--days", "99999")),
        (2, "须同时用 --person", ("--name", "四川", "--role", "clerk")),
        (2, "--role 不能是", ("--name", "四川", "--person", "李四", "--role", "clark")),
        (2, "无法读取", ("--name", "四川", "--passphrase-file", "absent")),
        (1, "无法写入", ("--name", "四川", "--out", "absent/x.lic")),
    ],
)
def test_what_cannot_be_issued_is_told_in_one_sentence_and_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], code: int, told: str, words: tuple[str, ...]
) -> None:
    answer = licence(capsys, "issue", "--uscc", OTHER, *words)

    assert answer[0] == code, answer
    assert told in answer[1]
    assert "Traceback" not in answer[1]
    assert licence(capsys, "list")[1].count(OTHER) == 0
    assert not list(folder.glob("*.lic"))


@pytest.mark.parametrize(
    ("typed", "told"),
    [("420000000012345", "旧注册号"), (FIRM[:-1] + "I", "不使用字母"), (FIRM[:-1] + "1", "校验码"), ("", "请填写")],
)
def test_a_wrong_code_is_told_as_on_the_pages(
    folder: Path, capsys: pytest.CaptureFixture[str], typed: str, told: str
) -> None:
    code, said = licence(capsys, "issue", "--uscc", typed, "--name", "洪湖")

    assert (code, told in said) == (1, True), said
    assert licence(capsys, "crl", "--out", "absent/list.crl")[0] == 1
