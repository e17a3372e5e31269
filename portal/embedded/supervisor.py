"""Watching over child processes: start in order, restart what dies, stop in reverse order.

Runs in one event loop in the main thread (see `processes.spawn`). A child that dies is started again after a pause that
doubles up to five seconds; one that by its own fault does not last five seconds ten times in a row, or that says it
needs a person, ends the whole with a clear message.
"""

import asyncio
import contextlib
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from portal.embedded import processes
from portal.embedded.errors import ServiceFailed
from portal.embedded.processes import Program

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
#: A child that lived this long was well: the next pause starts small again.
STEADY_S = 5.0
FAILURES = 10
POLL_S = 0.05


@dataclass(slots=True)
class Member:
    """One program under supervision."""

    program: Program
    child: subprocess.Popen[bytes]
    watch: asyncio.Task[None] | None = None
    restarts: int = 0


class Supervisor:
    """A set of child processes that live and end together with this one."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self._members: dict[str, Member] = {}
        self._stopping = False
        #: Called whenever a child starts or ends.
        self.on_change = on_change
        #: Done when a child cannot be kept alive (an exception) or when a signal asks to end (None).
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(sign, self.ask_to_end)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().remove_signal_handler(sign)

    def ask_to_end(self) -> None:
        """End the run; whoever waits in `run_until_ended` goes on to stop everything."""
        if not self.ended.done():
            self.ended.set_result(None)

    async def run_until_ended(self) -> None:
        """Wait for a signal, or raise what a child that cannot be kept alive left."""
        await asyncio.shield(self.ended)

    async def start(self, program: Program) -> None:
        """Start one program and wait until it answers.

        Raises:
            ServiceFailed: it ended or stayed silent, with the end of its log; or a predecessor does not end.
        """
        await asyncio.to_thread(program.prepare)
        child = processes.spawn(program)
        member = self._members[program.name] = Member(program, child)
        if not await self._becomes_ready(member):
            raise ServiceFailed(failure_text(program))
        if self.ended.done():
            self.ended.result()
            raise ServiceFailed("已中断", code=130)
        member.watch = asyncio.create_task(self._watch(member), name=f"watch {program.name}")
        self.on_change()

    async def start_together(self, programs: list[Program]) -> None:
        """Start several programs and wait until all answer; their order is that of stopping, backwards.

        Raises:
            ServiceFailed: one of them does not answer.
        """
        results = await asyncio.gather(*(self.start(program) for program in programs), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def pids(self) -> dict[str, int]:
        """Process id of each living child."""
        return {
            name: member.child.pid for name, member in self._members.items() if not processes.has_ended(member.child)
        }

    def restarts(self) -> dict[str, int]:
        """How often each child had to be started again."""
        return {name: member.restarts for name, member in self._members.items()}

    async def stop(self) -> None:
        """Stop all children in reverse order of their start."""
        self._stopping = True
        for member in reversed(self._members.values()):
            if member.watch is not None:
                member.watch.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await member.watch
            await asyncio.shield(self._end(member))
        self._members.clear()
        self.on_change()

    async def stop_one(self, name: str) -> None:
        """Stop one child for good; one that was never started is no fault."""
        member = self._members.pop(name, None)
        if member is None:
            return
        if member.watch is not None:
            member.watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await member.watch
        await self._end(member)
        self.on_change()

    async def _becomes_ready(self, member: Member) -> bool:
        program, end = member.program, time.monotonic() + member.program.ready_within_s
        while time.monotonic() < end and not self.ended.done():
            if processes.has_ended(member.child):
                return False
            if await asyncio.to_thread(program.is_ready, member.child.pid):
                return True
            await asyncio.sleep(0.02)
        return self.ended.done()

    async def _watch(self, member: Member) -> None:
        pause, failures = FIRST_PAUSE_S, 0
        started, worked = time.monotonic(), True
        while True:
            await has_ended(member.child)
            code = processes.bury(member.child)
            killed = code == -signal.SIGKILL and worked
            steady = time.monotonic() - started > STEADY_S
            if steady:
                pause, failures = FIRST_PAUSE_S, 0
            elif not killed:  # one that worked and was killed from outside has not failed, however often that happens
                failures += 1
            if code == processes.NEEDS_A_PERSON or failures >= FAILURES:
                if not self.ended.done():
                    self.ended.set_exception(ServiceFailed(failure_text(member.program)))
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
            started = time.monotonic()
            try:
                await asyncio.to_thread(member.program.prepare)
                member.child = processes.spawn(member.program)
            except ServiceFailed:
                worked = False
                continue
            member.restarts += 1
            worked = await self._becomes_ready(member)
            if not worked:
                await self._end(member)
            self.on_change()

    async def _end(self, member: Member) -> None:
        child, program = member.child, member.program
        if not processes.has_ended(child):
            child.send_signal(program.stop_signal)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(program.stop_within_s):
                    await has_ended(child)
        processes.bury(child)


async def has_ended(child: subprocess.Popen[bytes]) -> None:
    """Wait until the child is dead, without burying it."""
    while not processes.has_ended(child):  # noqa: ASYNC110  the kernel sets no event; this costs 20 calls a second
        await asyncio.sleep(POLL_S)


def failure_text(program: Program) -> str:
    """Which process failed, and the end of its log."""
    return f"{program.name} 无法启动（日志 {program.log}）：\n{processes.tail(program.log)}"
