"""Settings: all faults at once, no secret shown, every variable documented."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from portal.commands.docs import DOCUMENTS
from portal.embedded.home import open_home
from portal.settings import DERIVED, VARIABLES, Secret, Settings, SettingsError, load_settings

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = {
    "SUNLIT_DATABASE_URL": "postgresql://portal_rw:geheim@db.example:5432/sunlit",
    "SUNLIT_DATABASE_OWNER_URL": "postgresql+asyncpg://sunlit_owner:geheim@db.example/sunlit",
    "SUNLIT_DATABASE_SUPERVISION_URL": "postgres://supervision_ro:geheim@db.example/sunlit",
    "SUNLIT_DATABASE_LOG_URL": "postgresql://log_append:geheim@db.example/sunlit",
    "SUNLIT_REDIS_URL": "redis://:geheim@queue.example/0",
    "SUNLIT_SIGNER": "signer.example:7001",
    "SUNLIT_WITNESSES": "a.example:7002, b.example:7003",
}


def test_an_empty_environment_means_the_embedded_services(tmp_path: Path):
    settings = load_settings(tmp_path / "home", {})

    assert settings.embedded_postgres
    assert settings.embedded_valkey
    assert settings.embedded_signer
    assert settings.embedded_witness
    assert not settings.database_url
    assert not settings.production
    assert settings.object_store.folder == tmp_path / "home" / "objects"


def test_running_services_of_the_data_folder_are_found(tmp_path: Path):
    home = open_home(tmp_path / "home")
    password = home.password("database-portal")
    home.write_endpoints({"postgres": {"port": 25999}, "signer": {"port": 27001}, "web": {"port": 8123}})

    settings = load_settings(home.path, {})

    assert settings.database_url.reveal() == f"postgresql://portal_rw:{password}@127.0.0.1:25999/sunlit"
    assert settings.signer == ("127.0.0.1", 27001)
    assert settings.base_url == "http://127.0.0.1:8123"


def test_outside_services_switch_the_embedded_ones_off(tmp_path: Path):
    settings = load_settings(tmp_path, OUTSIDE)

    assert not settings.embedded_postgres
    assert not settings.embedded_valkey
    assert not settings.embedded_signer
    assert not settings.embedded_witness
    assert settings.witnesses == (("a.example", 7002), ("b.example", 7003))
    assert settings.database_owner_url.reveal() == "postgresql://sunlit_owner:geheim@db.example/sunlit"


def test_one_outside_database_login_demands_the_others(tmp_path: Path):
    with pytest.raises(SettingsError) as refusal:
        load_settings(tmp_path, {"SUNLIT_DATABASE_URL": OUTSIDE["SUNLIT_DATABASE_URL"]})

    assert len(refusal.value.faults) == 3


def test_an_outside_login_without_the_main_one_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match="SUNLIT_DATABASE_URL"):
        load_settings(tmp_path, {"SUNLIT_DATABASE_LOG_URL": OUTSIDE["SUNLIT_DATABASE_LOG_URL"]})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUNLIT_PORT", "0"),
        ("SUNLIT_PORT", "70000"),
        ("SUNLIT_PORT", "٨٠٠٠"),
        ("SUNLIT_PRODUCTION", "maybe"),
        ("SUNLIT_LOG_LEVEL", "loud"),
        ("SUNLIT_BASE_URL", "portal.example"),
        ("SUNLIT_REDIS_URL", "http://queue.example"),
        ("SUNLIT_SIGNER", "7001"),
        ("SUNLIT_WITNESSES", "a.example:port"),
        ("SUNLIT_OBJECT_STORE", "s3://"),
        ("SUNLIT_DATABSE_URL", "a slip of the pen"),
    ],
)
def test_a_wrong_value_is_refused_by_name(tmp_path: Path, name: str, value: str):
    with pytest.raises(SettingsError, match=name):
        load_settings(tmp_path, {name: value})


def test_all_faults_are_reported_together(tmp_path: Path):
    with pytest.raises(SettingsError) as refusal:
        load_settings(tmp_path, {"SUNLIT_PORT": "x", "SUNLIT_LOG_LEVEL": "x", "SUNLIT_PRODUCTION": "x"})

    assert len(refusal.value.faults) == 3
    assert refusal.value.code == 2


def test_a_fault_does_not_repeat_the_value(tmp_path: Path):
    with pytest.raises(SettingsError) as refusal:
        load_settings(tmp_path, OUTSIDE | {"SUNLIT_DATABASE_LOG_URL": "mysql://log_append:geheim@db.example/sunlit"})

    assert "geheim" not in str(refusal.value)


def test_production_refuses_what_is_fit_for_a_laptop_only(tmp_path: Path):
    with pytest.raises(SettingsError) as refusal:
        load_settings(tmp_path, {"SUNLIT_PRODUCTION": "1", "SUNLIT_REHEARSAL": "1"})

    assert len(refusal.value.faults) == 4


def test_production_starts_with_everything_said(tmp_path: Path):
    said = OUTSIDE | {
        "SUNLIT_PRODUCTION": "1",
        "SUNLIT_BASE_URL": "https://portal.example/",
        "SUNLIT_SECRET_KEY": "k" * 32,
    }

    assert load_settings(tmp_path, said).base_url == "https://portal.example"


def test_secrets_do_not_show(tmp_path: Path):
    settings = load_settings(tmp_path, OUTSIDE)

    assert "geheim" not in repr(settings)
    assert "geheim" not in str(settings.database_url)
    assert "geheim" not in f"{Secret('geheim')} {Secret('geheim')!r}"
    with pytest.raises(TypeError):
        json.dumps(settings.database_url)


def test_settings_cannot_be_changed(tmp_path: Path):
    with pytest.raises(dataclasses.FrozenInstanceError):
        load_settings(tmp_path, {}).production = True  # type: ignore[misc]


def test_every_field_comes_from_a_variable_or_is_derived():
    fields = {field.name for field in dataclasses.fields(Settings)}

    assert fields == {variable.field for variable in VARIABLES} | DERIVED


def test_the_document_lists_exactly_the_variables():
    rows = re.findall(r"^\| `(SUNLIT_\w+)` \| (.+) \|$", (ROOT / "docs/settings.md").read_text("utf-8"), re.MULTILINE)

    assert rows == [(variable.name, variable.meaning) for variable in VARIABLES]


def test_generated_documents_are_fresh():
    for name, write in DOCUMENTS.items():
        assert (ROOT / name).read_text("utf-8") == write(), f"{name}: run ./sunlit docs"


def test_no_other_module_reads_our_variables():
    readers = {
        str(file.relative_to(ROOT))
        for package in ("kernel", "trading", "bidding", "experts", "supervision", "portal")
        for file in (ROOT / package).rglob("*.py")
        if "SUNLIT_" in file.read_text("utf-8") and re.search(r"os\.(environ|getenv)", file.read_text("utf-8"))
    }

    assert readers <= {"portal/settings.py", "portal/embedded/home.py", "portal/testing.py"}
