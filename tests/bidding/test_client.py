import pytest

from bidding import client, messages
from bidding.envelope import EnvelopeError, recover_file_key
from bidding.keyset import keyset_hash, make_drill, require_drill_proof
from bidding.licence import verify_act
from kernel.canonical import b64u_decode, b64u_encode
from kernel.crypto import suite
from kernel.crypto.keys import KeyKind, generate
from tests.bidding.test_keyset import made
from tests.worlds.envelope_world import Sealed, key
from tests.worlds.licence_world import NOW, USCC, authority, crl, licence, sign_key

SUITE = suite("intl-1")
KEYSET = made()
KS = keyset_hash(KEYSET)


def code_of(act):
    with pytest.raises(EnvelopeError) as refusal:
        act()
    return refusal.value.code


def test_a_message_travels_with_its_certificate():
    message = messages.withdrawal(tender="T", lot="001", bidder="p", rev=2, prev=bytes(32))

    token = client.sign_message(SUITE, message, sign_key(), [licence().sign])
    act = verify_act(
        token,
        typ=messages.TYPES[messages.WITHDRAWAL],
        roots=[authority().root],
        intermediates=[authority().issuing],
        crl=crl(),
        now=NOW,
    )

    assert act.claims.uscc == USCC
    assert messages.check_message(act.payload, messages.WITHDRAWAL) == message


def test_a_bidder_releases_with_any_of_his_keys():
    sealed = Sealed()

    assert client.released_secret(sealed.header, key("bidder")) == sealed.bidder_secret()
    assert client.released_secret(sealed.header, key("token")) == sealed.bidder_secret()
    assert code_of(lambda: client.released_secret(sealed.header, generate(KeyKind.P256))) == "unwrap"
    assert code_of(lambda: client.released_secret(Sealed("trustees").header, key("bidder"))) == "unwrap"


def test_a_secret_that_was_not_committed_to_is_not_released():
    sealed = Sealed()
    sealed.header["sbc"] = b64u_encode(bytes(32))

    assert code_of(lambda: client.released_secret(sealed.header, key("bidder"))) == "bidder-secret"


def test_a_bidder_releases_only_what_stands_in_the_close_list():
    rows = messages.close_list([("a", 1, bytes(32)), ("b", 1, bytes([1]) * 32)])
    root = messages.close_root(SUITE, rows)

    client.require_in_close_list(SUITE, rows, root, bytes(32))
    assert code_of(lambda: client.require_in_close_list(SUITE, rows, bytes(32), bytes(32))) == "close-root"
    assert code_of(lambda: client.require_in_close_list(SUITE, rows[:1], root, bytes(32))) == "close-root"
    assert code_of(lambda: client.require_in_close_list(SUITE, rows, root, bytes([2]) * 32)) == "close-list"


def test_a_trustee_shares_all_at_once_and_the_key_comes_together():
    sealed = [Sealed(ks=b64u_encode(KS)) for _ in range(3)]
    envelopes = [(one.eid, one.header) for one in sealed]

    batches = [client.share_all(KEYSET, i, envelopes, key(f"t{i}")) for i in (1, 2, 4)]

    for message, faults in batches:
        assert faults == []
        assert messages.check_message(message, messages.SHARE) == message
    for at, one in enumerate(sealed):
        shares = [(message["i"], b64u_decode(message["shares"][at]["share"])) for message, _ in batches]
        assert recover_file_key(one.header, one.bidder_secret(), shares) == one.fk


def test_a_stanza_that_does_not_open_does_not_hold_up_the_others():
    good, bad = Sealed(ks=b64u_encode(KS)), Sealed(ks=b64u_encode(KS))
    bad.header["tk"][0] = good.header["tk"][0]

    message, faults = client.share_all(KEYSET, 1, [(bad.eid, bad.header), (good.eid, good.header)], key("t1"))

    assert faults == [(bad.eid, "unwrap")]
    assert [share["eid"] for share in message["shares"]] == [b64u_encode(good.eid)]


def test_envelopes_of_another_keyset_get_no_share():
    other = Sealed()

    assert code_of(lambda: client.share_all(KEYSET, 1, [(other.eid, other.header)], key("t1"))) == "header-fields"


def test_a_trustee_accepts_after_the_drill():
    challenge, proof = make_drill(KEYSET, 2)

    message = client.accept_keyset(KEYSET, 2, challenge, key("t2"))

    assert messages.check_message(message, messages.ACCEPT)["ks"] == b64u_encode(KS)
    require_drill_proof(proof, message["proof"])
