"""The stage: people, clock, timeline, and what the scenes hand to each other."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kernel.canonical import format_time
from portal.demo.client import HttpPerson

_SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(slots=True)
class Stage:
    """One performance.

    Attributes:
        case: the case file: facts of the real notice and inventions, apart.
        folder: parent of every person's own folder (`client-dir`).
        logins: login and password per role, for the people who look at the result.
        found: what scenes hand on: ids, receipts, transcripts, by name.
    """

    base_url: str
    case: dict[str, Any]
    folder: Path
    console: Console
    operator_password: str
    security_password: str
    people: dict[str, HttpPerson] = field(default_factory=dict)
    logins: dict[str, tuple[str, str]] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)
    canaries: list[str] = field(default_factory=list)
    begun: bool = False
    #: What every wait is longer by, where processes are being killed.
    patience_s: float = 0.0
    #: The most bytes of a bid's document, where one plays for something else than their size; 0 for no limit.
    largest: int = 0

    def person(self, key: str, name: str = "") -> HttpPerson:
        """Return somebody; they step on stage at first mention."""
        if key not in self.people:
            self.people[key] = HttpPerson(self.base_url, name or key, self.folder / key)
            self.people[key].patience_s = self.patience_s
        return self.people[key]

    @property
    def answered(self) -> int:
        """Requests of everybody that were answered so far."""
        return sum(person.answered for person in self.people.values())

    def be_patient(self, seconds: float) -> None:
        """From now on, try again for so long whatever meets a platform that is away."""
        self.patience_s = seconds
        for person in self.people.values():
            person.patience_s = seconds

    def move_to(self, base_url: str) -> None:
        """Go on at another address, everybody."""
        self.base_url = base_url
        for person in self.people.values():
            person.move_to(base_url)

    async def staff(
        self,
        key: str,
        *,
        name: str,
        roles: list[str],
        organisation: dict[str, str],
        password: str = "",
    ) -> HttpPerson:
        """Have the operator ask for a staff account and the security administrator approve it; its holder activates it.

        Args:
            organisation: `uscc` and `name`.
            password: without one, a random one is made.
        """
        from kernel.canonical import b64u_encode
        from kernel.crypto import random_bytes

        password = password or b64u_encode(random_bytes(12))
        operator = await self.operator()
        body = {
            "login": key,
            "name": name,
            "roles": roles,
            "uscc": organisation["uscc"],
            "organisation": organisation["name"],
            "reason": "演练：按案例登记参与人员",
        }
        asked = await operator.post("/api/v1/accounts", body)
        security = await self.administrator("security", "安全管理员", self.security_password)
        decided = await security.post(f"/api/v1/petitions/{asked['petition']}/decision", {"approve": True})
        self.logins[key] = (key, password)
        person = self.person(key, f"{organisation['name']} {name}")
        await person.activate(asked["code"] + decided["code"], password)
        return person

    async def operator(self) -> HttpPerson:
        """Return the platform's operator, signed in."""
        return await self.administrator("operator", "平台运行人员", self.operator_password)

    async def administrator(self, login: str, name: str, password: str) -> HttpPerson:
        """Return one of the people who run the platform, signed in at first mention."""
        known = login in self.people
        person = self.person(login, name)
        if not known:
            await person.sign_in(login, password)
            self.logins[login] = (login, password)
        return person

    async def now(self) -> datetime:
        """Return the platform's instant."""
        operator = await self.operator()
        milliseconds = (await operator.get("/api/v1/time"))["ms"]
        return datetime.fromtimestamp(milliseconds / 1000, UTC)

    async def clock_to(self, local: str) -> None:
        """Move the rehearsal's clock forward.

        Args:
            local: Beijing time, `2026-08-06 13:59:58`; once the log has begun, a time that is past moves nothing.
        """
        target = beijing(local)
        operator = await self.operator()
        if self.begun and target <= await self.now():
            return
        self.begun = True
        await operator.post("/api/v1/rehearsal/clock", {"to": format_time(target)})
        self.console.print(f"[dim]—— 演练时钟调至 {local}（北京时间）——[/dim]")

    async def say(self, who: str, what: str, *, rule: str = "", entry: int | str | None = None) -> None:
        """Print a line of the timeline: when, who, what, which rule, which log entry."""
        at = (await self.now()).astimezone(_SHANGHAI)
        marks = f"[blue]{rule}[/blue]" if rule else ""
        if entry is not None:
            marks += f" [dim]日志#{entry}[/dim]"
        self.console.print(f"{at:%m-%d %H:%M:%S}  [bold]{who}[/bold]  {what}  {marks}".rstrip())

    async def entry(self, kind: str, reader: HttpPerson | None = None) -> int:
        """Return the number in the log of the lot's newest entry of a kind; wait until it has one.

        Args:
            reader: who looks; entries for the parties are not for everybody.
        """
        person = reader or await self.operator()

        async def newest() -> list[int]:
            events = await person.get(f"/api/v1/lots/{self.found['lot']}/timeline")
            return [event["index"] for event in events if event["type"] == kind and event["index"] is not None]

        found: list[int] = await self.wait_until(newest, what=f"账本条目 {kind}")
        return found[-1]

    def scene(self, title: str) -> None:
        """Print the heading of a scene."""
        self.console.rule(f"[bold]{title}", align="left")

    @contextlib.asynccontextmanager
    async def progress(self, label: str, total: int) -> AsyncIterator[Callable[[int], None]]:
        """Show a bar for long work; the block gets a function that advances it."""
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        with bar:
            task = bar.add_task(label, total=total)

            def advance(count: int) -> None:
                bar.advance(task, count)

            yield advance

    async def wait_until(
        self, ask: Callable[[], Awaitable[Any]], *, within_s: float = 60, every_s: float = 0.25, what: str = ""
    ) -> Any:
        """Ask again and again until the answer is true; give up loudly.

        Raises:
            TimeoutError: the answer never came.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s + self.patience_s
        while True:
            answer = await ask()
            if answer:
                return answer
            if loop.time() > until:
                raise TimeoutError(f"等待超时：{what}")
            await asyncio.sleep(every_s)


def beijing(local: str) -> datetime:
    """Return the moment that a clock in Beijing shows as `2026-08-06 13:59:58`."""
    return datetime.strptime(local, "%Y-%m-%d %H:%M:%S").replace(tzinfo=_SHANGHAI)
