"""Arguments of the command line: complaints in one Chinese sentence, help in Chinese, ports that exist."""

import argparse
import re
from typing import NoReturn

#: How argparse complains, and how we say it. The first one that fits.
FAULTS = (
    (r"argument (.+?): expected (?:one|at least one) argument", r"\1 后面缺少值"),
    (r"argument (.+?): invalid (?:int|float|Path) value: (.+)", r"\1 的值 \2 不正确"),
    (r"argument (.+?): invalid choice: (\S+).*", r"\1 不能是 \2"),
    (r"argument (.+?): (.+)", r"\1 \2"),
    (r"the following arguments are required: (.+)", r"缺少参数 \1"),
    (r"unrecognized arguments: (.+)", r"不认识的参数 \1"),
    (r"ambiguous option: (\S+).*", r"参数 \1 有歧义"),
)
#: What argparse writes into its help, and what we write; whole lines or beginnings of lines.
HELP = (
    (r"(?m)^usage: sunlit", "用法：./sunlit"),
    (r"(?m)^positional arguments:$", "参数："),
    (r"(?m)^options:$", "选项："),
    (r"show this help message and exit$", "显示这份说明"),
)
LAST_PORT = 65_535


class Parser(argparse.ArgumentParser):
    """Complains in one Chinese sentence, and helps in Chinese."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and where help is."""
        for pattern, words in FAULTS:
            if re.search(pattern, message):
                message = re.sub(pattern, words, message)
                break
        self.exit(2, f"{self.prog}：{message}。用法见 ./{self.prog} --help\n")

    def format_help(self) -> str:
        """Return the help in Chinese."""
        text = super().format_help()
        for pattern, words in HELP:
            text = re.sub(pattern, words, text, flags=re.MULTILINE)
        return text


def port_number(text: str) -> int:
    """Return a TCP port, 0 to 65535; 0 means any.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    if not (text.isascii() and text.isdigit() and int(text) <= LAST_PORT):
        raise argparse.ArgumentTypeError(f"的值 {text!r} 不正确：端口是 0 到 {LAST_PORT} 的整数")
    return int(text)
