"""Refusals of the cryptographic floor; each carries a short code that callers and verifiers may rely on."""


class CryptoError(Exception):
    """Something did not verify, did not open, or was not well formed.

    Neither the text nor the traceback of a refusal holds a secret. A public verifier says the code; a door that faces
    strangers does not say which step failed.

    Attributes:
        code: short, stable, machine-readable.
    """

    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(f"{code}: {reason}" if reason else code)
        self.code = code
        self.reason = reason


class UnknownSuite(CryptoError):
    """The suite is not on the allow-list of this installation (code `suite`)."""

    def __init__(self, reason: str) -> None:
        super().__init__("suite", reason)


class KeyRefused(CryptoError):
    """A key is malformed, of a kind the suite does not know, or protected too weakly (code `key`)."""

    def __init__(self, reason: str) -> None:
        super().__init__("key", reason)


class AeadError(CryptoError):
    """A ciphertext does not authenticate (code `aead`)."""

    def __init__(self, reason: str = "") -> None:
        super().__init__("aead", reason)


class UnwrapError(CryptoError):
    """A wrapped secret does not open with this key and context (code `unwrap`)."""

    def __init__(self, reason: str = "") -> None:
        super().__init__("unwrap", reason)


class ShareError(CryptoError):
    """Shares are malformed: `threshold`, `share-index`, `share-length`, `share-duplicate`, `share-count`."""


class TokenError(CryptoError):
    """A signed token is refused; `format`, `type`, `alg`, `key`, `signature`."""
