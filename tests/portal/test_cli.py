"""The command line: the table, refusals in one sentence, quick and quiet imports."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from portal import cli
from portal.errors import plain

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "portal.cli", *words],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_alone_it_prints_the_table_one_line_each(capsys: pytest.CaptureFixture[str]):
    code = cli.main([])

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    for command in cli.COMMANDS:
        exists = importlib.util.find_spec(command.module) is not None
        shown = sum(line.startswith(f"  {command.name} ") for line in lines)
        assert shown == (1 if exists and not command.internal else 0), command.name


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["dmeo"]) == 2
    assert "dmeo" in capsys.readouterr().err


@pytest.mark.slow
def test_a_refusal_is_one_sentence_without_traceback(tmp_path: Path):
    (tmp_path / "letter").write_text("dear diary")

    done = run("doctor", "--home", str(tmp_path))

    assert done.returncode == 1
    assert "不是" in done.stdout or "别的内容" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_the_home_may_stand_before_or_behind_the_command(tmp_path: Path):
    assert cli.take_home(["--home", "x", "serve", "-v"]) == ["serve", "--home", "x", "-v"]
    assert cli.take_home(["--home=x", "serve"]) == ["serve", "--home=x"]
    assert cli.take_home(["serve", "--home", "x"]) == ["serve", "--home", "x"]


def test_a_home_without_a_command_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for words in (["--home"], ["--home", str(tmp_path)], [f"--home={tmp_path}"]):
        assert cli.main(words) == 2
        assert "再写命令" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["serve", "verify", "law", "bid"])
def test_help_is_in_chinese(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])

    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert told.startswith(f"用法：./sunlit {command}")
    for foreign in ("usage:", "options:", "positional", "show this"):
        assert foreign not in told


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_table_imports_nothing_but_the_standard_library():
    added = modules_after("import portal.cli; portal.cli.table()") - modules_after("pass")

    assert added - {"portal"} <= sys.stdlib_module_names


def test_a_folder_with_modules_of_our_names_is_harmless(tmp_path: Path):
    for name in ("argparse", "portal", "kernel"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('hijacked')")

    done = run("help", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")


def test_every_command_that_exists_can_be_called():
    for command in cli.COMMANDS:
        file = ROOT / (command.module.replace(".", "/") + ".py")
        if not file.exists():
            file = ROOT / command.module.replace(".", "/") / "__init__.py"
        if not file.exists():
            continue  # announced as missing, see below
        names = {node.name for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)}
        assert "main" in names or {"register", "run"} <= names, command.name


def test_a_command_that_this_version_lacks_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(cli, "COMMANDS", (cli.Command("fly", "portal.commands.fly", "…"),))

    assert cli.main(["fly"]) == 2
    assert "还没有" in capsys.readouterr().err


def test_a_defect_inside_a_command_is_not_taken_for_a_missing_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "broken_command.py").write_text("import no_such_library")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(cli, "COMMANDS", (cli.Command("broken", "broken_command", "…"),))

    with pytest.raises(ModuleNotFoundError):
        cli.main(["broken"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lint", "--quick"], "不认识的参数 --quick"),
        (["test", "-n"], "-n 后面缺少值"),
        (["test", "-n", "many"], "-n 的值 'many' 不正确"),
        (["serve", "--port", "99999"], "--port 的值 '99999' 不正确：端口是 0 到 65535 的整数"),
        (["serve", "--port", "abc"], "--port 的值 'abc' 不正确"),
        (["verify"], "缺少参数 FILE"),
    ],
)
def test_wrong_arguments_are_told_in_one_sentence(words: list[str], said: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)

    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_what_a_platform_says_does_not_drive_the_terminal() -> None:
    said = "已接收\x1b[2J\x1b]0;x\x07\u202e\n　第二行"

    assert plain(said) == "已接收\ufffd[2J\ufffd]0;x\ufffd\ufffd\n　第二行"
