"""`sunlit authenticator LOGIN`: what the phone of one of the demonstration's people shows now."""

import argparse
import re
import sys

import pyotp

from kernel.clock import SystemClock
from portal.demo.client import AUTHENTICATOR
from portal.embedded.home import choose_home
from portal.errors import CommandError


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("login", metavar="登录名", help="演示结束时打印的登录名，如 agency")


def run(args: argparse.Namespace) -> int:
    """Print the present code; the secret lies in the person's own folder, where only a demonstration leaves it."""
    if not re.fullmatch(r"[\w.-]{1,64}", args.login):
        raise CommandError("登录名只含字母、数字、点、横线和下划线。", code=2)
    file = choose_home(args.home) / "clients" / args.login / AUTHENTICATOR
    if not file.is_file():
        raise CommandError(f"这个数据目录里没有 {args.login} 的演示身份验证器；它只存在于演示中。")
    otp = pyotp.TOTP(file.read_text(encoding="ascii").strip())
    now = SystemClock().now().timestamp()
    print(otp.at(int(now)))
    left = otp.interval - int(now) % otp.interval
    print(f"（{left} 秒后更换；每个只能用一次）", file=sys.stderr)
    return 0
