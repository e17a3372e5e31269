"""Imports from tables on pages: a preview changes nothing and tells every fault with its line; the act judges again."""

import csv
import html
import io
import re
from collections.abc import Iterable
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from experts.models.pool import Expert
from experts.pool_table import COLUMNS, row_of
from kernel.codes import citizen_check_char
from kernel.crypto.keys import KeyKind, generate
from kernel.csv_table import read_table
from kernel.drawbook.vault import Vault
from portal.demo.experts_pool import make_pool
from supervision.models import RegisterInspector, RegisterTarget
from supervision.register_tables import INSPECTORS, TARGETS
from tests.factories.supervision import BODY, make_office
from tests.factories.trading import uscc
from tests.world import World
from tests.worlds.expert_world import CENTRE

PAGE = {"accept": "text/html"}
HEADS = {column.key: column.heading for column in COLUMNS}


def table(columns: Iterable[Any], rows: Iterable[Iterable[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.heading for column in columns])
    writer.writerows(rows)
    return out.getvalue()


def experts(count: int) -> list[list[str]]:
    rows = []
    for number, row in enumerate(make_pool([])[: min(count, 2000)] * (count // 2000 + 1)):
        stem = f"990000{1960 + number // 3000:04d}0{1 + number % 9}{10 + number // 9 % 18}{number % 1000:03d}"
        told = {**row, "specialities": "；".join(row["specialities"]), "id_number": stem + citizen_check_char(stem)}
        rows.append([str(told.get(key, "")) for key in HEADS])
    return rows[:count]


async def preview(client: httpx.AsyncClient, base: str, data: bytes, **fields: str) -> httpx.Response:
    files = {"file": ("名单.csv", data, "text/csv")}
    return await client.post(f"{base}/preview", data=fields, files=files, headers=PAGE)


async def confirm(client: httpx.AsyncClient, base: str, shown: str, **fields: str) -> httpx.Response:
    carried = re.search(r'<textarea name="text"[^>]*>(.*?)</textarea>', shown, re.S)
    assert carried is not None
    told = {"text": html.unescape(carried[1]), "agree": "yes", **fields}
    return await client.post(
        f"{base}/import", files={name: (None, value) for name, value in told.items()}, headers=PAGE
    )


async def count(world: World, model: Any) -> int:
    async with world.services.db.begin_read_only() as tx:
        return (await tx.session.execute(select(func.count()).select_from(model))).scalar_one()


@pytest.fixture
async def centre(world: World) -> httpx.AsyncClient:
    world.services.plugins["vault"] = Vault(generate(KeyKind.P256))
    return await world.signed_in("centre", "centre", uscc=CENTRE[0], organisation=CENTRE[1])


def faults_of(page: str) -> dict[int, str]:
    rows = re.findall(r'<tr><td class="num">(\d+)</td><th scope="row">.*?</th><td>(.*?)</td></tr>', page, re.S)
    return {int(line): re.sub(r"\s*<br>\s*", " ", words) for line, words in rows}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_experts_are_previewed_line_by_line_and_the_rest_is_imported(
    world: World, centre: httpx.AsyncClient, encoding: str
) -> None:
    rows = experts(8)
    place = list(HEADS).index
    rows[1][place("id_number")] = rows[1][place("id_number")][:17] + (
        "0" if rows[1][place("id_number")][17] != "0" else "1"
    )
    rows[2][place("id_number")] = rows[0][place("id_number")]
    rows[3][place("years")] = "7"
    rows[4][place("years")] = "八年"
    rows[5][place("employer_uscc")] = rows[5][place("employer_uscc")][:17] + "?"
    data = table(COLUMNS, rows).encode(encoding)

    shown = await preview(centre, "/c/experts", data)

    assert shown.status_code == 200
    assert ("GB18030" if encoding == "gb18030" else "UTF-8") in shown.text
    faults = faults_of(shown.text)
    assert sorted(faults) == [3, 4, 5, 6, 7]
    for line, word in ((3, "身份证号码校验不通过"), (4, "已出现"), (5, "满8年"), (6, "应为整数"), (7, "信用代码校验")):
        assert word in faults[line]
    assert await count(world, Expert) == 0
    done = await confirm(centre, "/c/experts", shown.text)
    assert done.headers["location"] == "/c/experts?imported=3&refused=5"
    assert await count(world, Expert) == 3
    again = await preview(centre, "/c/experts", data)
    assert "已在库" in faults_of(again.text)[2]
    assert "没有可以入库的行" in again.text
    page = (await centre.get(done.headers["location"], headers=PAGE)).text
    assert "已导入 3 人，5 行有问题未入库" in page


async def test_what_is_confirmed_is_judged_again(world: World, centre: httpx.AsyncClient) -> None:
    data = table(COLUMNS, experts(2)).encode()
    shown = (await preview(centre, "/c/experts", data)).text

    unticked = await confirm(centre, "/c/experts", shown, agree="no")
    first = await confirm(centre, "/c/experts", shown)
    second = await confirm(centre, "/c/experts", shown)

    assert unticked.status_code == 422
    assert "请勾选确认" in unticked.text
    assert first.status_code == 303
    assert second.status_code == 200  # everybody is in the pool by now: the page says so, nothing is taken
    assert "已在库" in second.text
    assert await count(world, Expert) == 2


@pytest.mark.slow
async def test_ten_thousand_experts_go_in_at_once(world: World, centre: httpx.AsyncClient) -> None:
    rows = experts(10_000)
    rows[-1][list(HEADS).index("id_number")] = rows[0][list(HEADS).index("id_number")]
    data = table(COLUMNS, rows).encode("gb18030")

    shown = await preview(centre, "/c/experts", data)
    done = await confirm(centre, "/c/experts", shown.text)

    assert faults_of(shown.text) == {10_001: "同一人在本次名单中已出现，不得重复入库。"}
    assert done.headers["location"] == "/c/experts?imported=9999&refused=1"
    assert await count(world, Expert) == 9999


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "空的"),
        (b"PK\x03\x04" + bytes(60), "不要直接上传表格文件"),
        ("姓名,电话\n张三,1\n".encode(), "表头缺少"),
    ],
)
async def test_a_file_that_is_no_table_is_refused_beside_its_field(
    centre: httpx.AsyncClient, data: bytes, word: str
) -> None:
    answer = await preview(centre, "/c/experts", data)

    assert answer.status_code == 422
    assert word in answer.text
    nothing = await centre.post("/c/experts/preview", files={"none": (None, "x")}, headers=PAGE)
    assert "请选择按模板填写的 CSV 文件" in nothing.text


async def test_only_the_role_that_may_reaches_an_import(world: World, centre: httpx.AsyncClient) -> None:
    supervisor = await world.signed_in("supervisor", "supervisor", uscc=BODY[0], organisation=BODY[1])
    data = table(COLUMNS, experts(1)).encode()

    for client, path in (
        (supervisor, "/c/experts"),
        (centre, "/s/registers/targets"),
        (centre, "/s/registers/inspectors"),
    ):
        assert (await client.get(path, headers={"accept": "application/json"})).status_code == 403
        assert (await preview(client, path, data)).status_code == 403
        answer = await client.post(f"{path}/import", files={"text": (None, data.decode())}, headers=PAGE)
        assert answer.status_code == 403
    assert (
        await world.client().get("/c/experts/template.csv", headers={"accept": "application/json"})
    ).status_code == 401
    assert (await supervisor.get("/s/registers/others", headers=PAGE)).status_code == 404


async def test_templates_are_what_the_imports_read(world: World, centre: httpx.AsyncClient) -> None:
    template = (await centre.get("/c/experts/template.csv")).content
    filled = template + table(COLUMNS, experts(1)).encode().partition(b"\r\n")[2]

    (line,) = read_table(filled, COLUMNS, most=9).lines
    draft, faults = row_of(line)
    assert draft is not None
    assert faults == ()
    assert line.number == 3


async def test_targets_come_in_whole_or_not_at_all(world: World) -> None:
    supervisor = await world.signed_in("supervisor", "supervisor", uscc=BODY[0], organisation=BODY[1])
    codes = [uscc(f"91610100MA6T{n:05d}") for n in range(1, 5)]
    good = [[code, f"第{n}公司", "B", "", ""] for n, code in enumerate(codes, 1)]
    wrong = [
        *good,
        [codes[0], "重复", "A", "", ""],
        [codes[1][:17] + "?", "错码", "E", "", "2025/9"],
        ["", "缺码", "A", "", ""],
    ]
    base = "/s/registers/targets"

    refused = await preview(supervisor, base, table(TARGETS, wrong).encode("gb18030"), kind="agency")
    faults = faults_of(refused.text)
    assert sorted(faults) == [6, 7, 8]
    assert "出现了两次" in faults[6]
    assert "信用等级应为" in faults[7]
    assert "代码不能为空" in faults[8]
    assert "名录须完整、无误" in refused.text
    assert '<textarea name="text"' not in refused.text
    forced = await supervisor.post(
        f"{base}/import",
        files={"text": (None, table(TARGETS, wrong)), "kind": (None, "agency"), "agree": (None, "yes")},
        headers=PAGE,
    )
    assert forced.status_code == 200
    assert await count(world, RegisterTarget) == 0

    shown = await preview(supervisor, base, table(TARGETS, good).encode("gb18030"), kind="agency")
    assert "新增 4" in shown.text
    done = await confirm(supervisor, base, shown.text, kind="agency")
    assert done.headers["location"] == f"{base}?done=4"
    fewer = await preview(supervisor, base, table(TARGETS, good[:3]).encode(), kind="agency", complete="yes")
    assert "更新 3" in fewer.text
    assert "退出名录 1" in fewer.text
    done = await confirm(supervisor, base, fewer.text, kind="agency", complete="yes")
    assert done.headers["location"] == f"{base}?done=3"
    assert "现有 3 个" in (await supervisor.get(done.headers["location"], headers=PAGE)).text


async def test_inspectors_are_imported_by_their_accounts(world: World) -> None:
    async with world.services.db.begin() as tx:
        office = await make_office(tx, inspectors=3)
    supervisor = await world.signed_in("other", "supervisor", uscc=BODY[0], organisation=BODY[1])
    base, unit = "/s/registers/inspectors", uscc("91610100MA6T00001")
    rows = [["zf1", "ZF-101", "是", f"{unit}/曾任职"], ["zf2", "ZF-102", "", ""]]

    wrong = [*rows, ["nobody", "ZF-103", "", ""], ["zf3", "ZF-102", "也许", "坏"], ["zf1", "ZF-104", "", ""]]
    refused = faults_of((await preview(supervisor, base, table(INSPECTORS, wrong).encode())).text)
    assert "没有这个执法检查人员账户" in refused[4]
    assert "持执法证应填是或否" in refused[5]
    assert "同一人出现了两次" in refused[6]
    shown = await preview(supervisor, base, table(INSPECTORS, rows).encode())
    assert "更新 2" in shown.text
    done = await confirm(supervisor, base, shown.text)
    assert done.headers["location"] == f"{base}?done=3"
    async with world.services.db.begin_read_only() as tx:
        query = select(RegisterInspector).where(RegisterInspector.account_id == office.inspectors["zf1"].account_id)
        row = (await tx.session.execute(query)).scalar_one()
    assert (row.certificate, row.may_lead, row.conflicts) == ("ZF-101", True, [{"unit": unit, "reason": "曾任职"}])
