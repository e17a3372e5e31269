import hashlib
import subprocess

import pytest
from Crypto.PublicKey import ECC
from Crypto.Util.asn1 import DerSequence
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from kernel.crypto.errors import KeyRefused
from kernel.crypto.keys import KeyKind, generate, load_private, private_of
from kernel.crypto.protected import (
    MAX_ROUNDS,
    MIN_ROUNDS,
    load_protected,
    passphrase_bytes,
    passphrase_key,
    protect_private,
)

KEY = generate(KeyKind.P256)
PROTECTED = protect_private(KEY, "开标口令 é")


def exported(protection="PBKDF2WithHMAC-SHA256AndAES256-CBC", rounds=MIN_ROUNDS, salt=16):
    return ECC.import_key(KEY.pkcs8()).export_key(
        format="DER",
        use_pkcs8=True,
        passphrase=b"x",
        protection=protection,
        prot_params={"iteration_count": rounds, "salt_size": salt},
    )


def test_a_protected_key_opens_with_its_passphrase():
    assert load_protected(PROTECTED, "开标口令 é").public == KEY.public
    assert load_protected(PROTECTED, "开标口令 e\u0301").public == KEY.public
    assert KEY.pkcs8()[-32:] not in PROTECTED


def test_an_ed25519_key_is_protected_too():
    key = generate(KeyKind.ED25519)

    assert load_protected(protect_private(key, "x"), "x").public == key.public


def test_openssl_opens_it(tmp_path):
    (tmp_path / "key.der").write_bytes(PROTECTED)

    done = subprocess.run(
        [
            "openssl",
            "pkcs8",
            "-inform",
            "DER",
            "-in",
            tmp_path / "key.der",
            "-passin",
            "pass:开标口令 é",
            "-outform",
            "DER",
        ],
        capture_output=True,
        check=True,
    )

    assert load_private(done.stdout).public == KEY.public


@pytest.mark.parametrize("passphrase", ["开标口令", "wrong", " "])
def test_another_passphrase_does_not_open_it(passphrase):
    with pytest.raises(KeyRefused, match="does not open"):
        load_protected(PROTECTED, passphrase)


@pytest.mark.parametrize("passphrase", ["", "\ud800"])
def test_there_is_no_protection_without_a_passphrase(passphrase):
    for act in (
        lambda: protect_private(KEY, passphrase),
        lambda: load_protected(PROTECTED, passphrase),
        lambda: passphrase_bytes(passphrase),
    ):
        with pytest.raises(KeyRefused, match="needed"):
            act()


@pytest.mark.parametrize("rounds", [0, 1000, MIN_ROUNDS - 1, MAX_ROUNDS + 1, 2**62, True, "600000"])
def test_weak_and_absurd_protections_are_not_written(rounds):
    with pytest.raises(KeyRefused, match="too weak or too costly"):
        protect_private(KEY, "x", rounds)
    with pytest.raises(KeyRefused, match="too weak or too costly"):
        passphrase_key("x", bytes(16), rounds)


@pytest.mark.parametrize("data", [exported(rounds=MIN_ROUNDS - 1), exported(rounds=2048), exported(salt=4)])
def test_weak_protections_are_not_read(data):
    with pytest.raises(KeyRefused, match="too weak or too costly"):
        load_protected(data, "x")


def with_rounds(data, rounds):
    """The same protected key with another number of rounds written into it."""
    outer = DerSequence().decode(data)
    algorithm = DerSequence().decode(outer[0])
    parameters = DerSequence().decode(algorithm[1])
    derivation = DerSequence().decode(parameters[0])
    numbers = DerSequence().decode(derivation[1])
    numbers[1] = rounds
    derivation[1] = numbers.encode()
    parameters[0] = derivation.encode()
    algorithm[1] = parameters.encode()
    outer[0] = algorithm.encode()
    return outer.encode()


def test_an_absurd_protection_is_refused_before_it_is_computed():
    assert with_rounds(PROTECTED, MIN_ROUNDS) == PROTECTED

    for rounds in (MAX_ROUNDS + 1, 2**40, 2**70, -1):
        with pytest.raises(KeyRefused, match="too weak or too costly"):
            load_protected(with_rounds(PROTECTED, rounds), "x")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30\x00",
        b"not a key",
        KEY.pkcs8(),
        KEY.public.spki,
        PROTECTED[:-1],
        PROTECTED + b"\x00",
        exported("PBKDF2WithHMAC-SHA512AndAES256-CBC"),
        exported("PBKDF2WithHMAC-SHA256AndAES128-CBC"),
        exported("PBKDF2WithHMAC-SHA1AndAES256-CBC"),
        exported("PBKDF2WithHMAC-SHA256AndAES256-GCM"),
        ECC.import_key(KEY.pkcs8()).export_key(
            format="DER",
            use_pkcs8=True,
            passphrase=b"x",
            protection="scryptAndAES256-CBC",
            prot_params={"iteration_count": 16384},
        ),
        KEY.native.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
    ],
)
def test_other_protections_are_not_read(data):
    with pytest.raises(KeyRefused):
        load_protected(data, "x")


def test_rsa_keys_stay_in_their_token():
    with pytest.raises(KeyRefused, match="token"):
        protect_private(private_of(rsa.generate_private_key(65537, 2048)), "x")


def test_a_passphrase_key_is_pbkdf2():
    salt = bytes(range(16))

    assert passphrase_key("p", salt, MIN_ROUNDS) == hashlib.pbkdf2_hmac("sha256", b"p", salt, MIN_ROUNDS, 32)
    with pytest.raises(KeyRefused):
        passphrase_key("p", salt[:7], MIN_ROUNDS)
