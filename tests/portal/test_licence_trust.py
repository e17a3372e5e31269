"""Who counts as an issuer: the signed list, its versions, and an installation that refuses to start."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bidding.trust_list import TrustedIssuer, TrustList, TrustListError, read_trust_list, sign_trust_list
from kernel.canonical import b64u_encode
from kernel.crypto.authority import create_authority, make_crl
from kernel.crypto.keys import KeyKind, generate
from portal.embedded.home import open_home
from portal.licences import TrustRefused, authority_folder, ensure_authority, load_licence_trust
from portal.settings import SettingsError, load_settings

NOW = datetime(2026, 8, 6, tzinfo=UTC)
DAY = timedelta(days=1)
KEY = generate(KeyKind.P256)
PRODUCTION = {
    "SUNLIT_PRODUCTION": "1",
    "SUNLIT_BASE_URL": "https://sunlit.example",
    "SUNLIT_SECRET_KEY": "k" * 40,
    "SUNLIT_SIGNER": "10.0.0.9:7000",
}


@pytest.fixture
def authority(tmp_path):
    return create_authority(tmp_path / "ca", NOW - 400 * DAY)


def made(authority, version=1, issued=NOW - DAY, expires=NOW + 3650 * DAY, **changes):
    row = {"since": NOW - DAY, "until": None, "crl": "local"} | changes
    issuer = TrustedIssuer("签发机构", authority.root, (authority.issuing,), **row)
    return TrustList(version, issued, expires, (issuer,))


def settings_of(tmp_path, token, **more):
    file = tmp_path / "trust.jws"
    file.write_text(token)
    home = tmp_path / "home"
    open_home(home)
    key = b64u_encode(KEY.public.spki)
    environment = {**PRODUCTION, "SUNLIT_LICENCE_TRUST": str(file), "SUNLIT_LICENCE_TRUST_KEY": key, **more}
    return load_settings(home, environment)


def test_a_list_is_read_back(authority):
    content = made(authority, until=NOW + DAY)

    assert read_trust_list(sign_trust_list(content, KEY), KEY.public, least_version=1, now=NOW) == content


@pytest.mark.parametrize(
    "code, change",
    [
        ("format", {"token": "a.b.c"}),
        ("signature", {"key": generate(KeyKind.P256)}),
        ("rollback", {"least": 2}),
        ("expired", {"now": NOW + 4000 * DAY}),
        ("expired", {"now": NOW - 2 * DAY}),
        ("format", {"version": 0}),
    ],
)
def test_a_list_that_does_not_hold_is_refused(authority, code, change):
    token = change.get("token") or sign_trust_list(made(authority, change.get("version", 1)), change.get("key", KEY))

    with pytest.raises(TrustListError) as refusal:
        read_trust_list(token, KEY.public, least_version=change.get("least", 1), now=change.get("now", NOW))

    assert refusal.value.code == code


def test_an_issuer_counts_from_and_until():
    issuer = TrustedIssuer("", None, (), NOW, NOW + DAY, "local")  # type: ignore[arg-type]

    assert [issuer.counts(NOW + n * DAY / 2) for n in (-1, 0, 1, 2)] == [False, True, True, False]


def test_production_refuses_to_start_with_a_local_authority(authority, tmp_path):
    settings = settings_of(tmp_path, sign_trust_list(made(authority), KEY))

    with pytest.raises(TrustRefused, match="拒绝信任本地演示签发机构"):
        load_licence_trust(settings)


def test_production_starts_with_it_only_when_told_so_loudly(authority, tmp_path, caplog):
    token = sign_trust_list(made(authority), KEY)

    trust = load_licence_trust(settings_of(tmp_path, token, SUNLIT_TRUST_LOCAL_AUTHORITY="1"))

    assert list(trust.roots(NOW)) == [authority.root]
    assert "正式环境正在信任本地演示签发机构" in caplog.text


def test_production_ignores_an_authority_that_lies_in_its_folder(tmp_path):
    home = open_home(tmp_path / "home")
    ensure_authority(authority_folder(home))

    assert load_licence_trust(load_settings(home.path, PRODUCTION)) is None


def test_an_older_list_cannot_come_back(authority, tmp_path):
    loud = {"SUNLIT_TRUST_LOCAL_AUTHORITY": "1"}
    load_licence_trust(settings_of(tmp_path, sign_trust_list(made(authority, 7), KEY), **loud))

    with pytest.raises(TrustRefused, match="rollback"):
        load_licence_trust(settings_of(tmp_path, sign_trust_list(made(authority, 6), KEY), **loud))
    load_licence_trust(settings_of(tmp_path, sign_trust_list(made(authority, 7), KEY), **loud))


def test_list_and_key_are_set_together(tmp_path):
    with pytest.raises(SettingsError, match="必须一起设置"):
        load_settings(tmp_path, {"SUNLIT_LICENCE_TRUST": "x"})


def test_lists_come_from_a_file_and_an_unreachable_one_is_noticed(authority, tmp_path):
    source = tmp_path / "issuer.crl"
    token = sign_trust_list(made(authority, crl=str(source)), KEY)
    trust = load_licence_trust(settings_of(tmp_path, token, SUNLIT_TRUST_LOCAL_AUTHORITY="1"))

    assert (list(trust.crls(NOW)), trust.is_unreachable(NOW)) == ([], True)
    source.write_bytes(b"no list")
    assert (list(trust.crls(NOW)), trust.is_unreachable(NOW)) == ([], True)
    crl = make_crl(authority, NOW)
    source.write_bytes(crl.public_bytes(Encoding.DER))
    assert (list(trust.crls(NOW)), trust.is_unreachable(NOW)) == ([crl], False)
