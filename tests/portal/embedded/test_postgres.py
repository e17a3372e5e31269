"""The embedded PostgreSQL: who may log in, and what the server is."""

import asyncpg
import pytest

from portal.embedded.postgres import LOGINS
from tests.services import Endpoints


async def ask(url: str, question: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_each_login_exists_and_is_no_superuser(services: Endpoints):
    for login, role in LOGINS.items():
        user, powerful = (
            (await ask(services.url(login, "postgres"), "SELECT current_user")),
            (await ask(services.url(login, "postgres"), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")),
        )
        assert (user, powerful) == (role, False)


async def test_a_wrong_password_is_refused(services: Endpoints):
    url = services.url("portal", "postgres").replace(services.password, "0" * 24)

    with pytest.raises(asyncpg.InvalidPasswordError):
        await ask(url, "SELECT 1")


async def test_oversight_cannot_write_by_default(services: Endpoints):
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await ask(services.url("supervision", "postgres"), "CREATE TEMPORARY TABLE x (i int)")


async def test_chinese_text_can_be_searched(services: Endpoints):
    connection = await asyncpg.connect(services.url("superuser", "postgres"))
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")

        assert await connection.fetchval("SELECT array_length(show_trgm('滨江路改造'), 1)") > 0
        assert await connection.fetchval("SELECT '汉' ~ '\\w'")
    finally:
        await connection.close()


async def test_the_server_keeps_statements_and_values_out_of_its_log(services: Endpoints):
    for setting, value in {
        "log_statement": "none",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_parameter_max_length_on_error": "0",
        "unix_socket_directories": "",
    }.items():
        assert await ask(services.url("superuser", "postgres"), f"SHOW {setting}") == value
