"""Walk what a person's navigation offers: every entry must lead to a page that this person may see."""

from html.parser import HTMLParser

import httpx

PAGE = {"accept": "text/html"}


class _Navigation(HTMLParser):
    """Addresses in the bar and the rail of a workspace page, and in its breadcrumbs."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.has_rail = False
        self._depth = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "nav":
            self._depth += 1
            self.has_rail = self.has_rail or names.get("class") == "side"
        if tag == "a" and self._depth and (names.get("href") or "").startswith("/"):
            self.found.add(str(names["href"]).split("#")[0])

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "nav"


async def walk_rails(client: httpx.AsyncClient, start: str) -> tuple[set[str], list[str]]:
    """Follow every entry of the navigation, and theirs, from a page of the own workspace.

    Returns:
        (seen, faults): the addresses that were opened, and those that did not lead to a page.
    """
    seen: set[str] = set()
    faults: list[str] = []
    waiting = {start}
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = await client.get(path, headers=PAGE, follow_redirects=True)
        if answer.status_code != 200:
            faults.append(f"{path} → {answer.status_code}")
            continue
        page = _Navigation(answer.text)
        if page.has_rail:
            waiting |= page.found - seen
    return seen, faults
