"""Check characters of Chinese identifiers: credit codes, organisation codes, identity numbers, MOD 37,36.

The functions look at exactly what they are given: no trimming, no upper-casing, no full-width digits. A page may
normalise what a person typed; a verifier may not. Validity here is arithmetic and says nothing about registration.

Source: GB 32100-2015 (R-USC-01 to R-USC-05), GB 11714-1997, GB 11643-1999, GB/T 17710 (ISO 7064).
"""

from datetime import date

#: The 31 symbols of GB 32100-2015; I, O, S, V and Z are left out. A symbol's value is its position.
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUE = {symbol: value for value, symbol in enumerate(USCC_ALPHABET)}
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))

_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ALPHANUMERIC_VALUE = {symbol: value for value, symbol in enumerate(_ALPHANUMERIC)}
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def uscc_check_char(stem: str) -> str:
    """The 18th character of a unified social credit code.

    Args:
        stem: the first 17 characters; 3 to 8 are digits (the region).
    Raises:
        ValueError: the stem has another length or a symbol outside the alphabet.
    Source:
        GB 32100-2015; R-USC-03, R-USC-04
    """
    if len(stem) != 17 or any(symbol not in _USCC_VALUE for symbol in stem):
        raise ValueError("a stem has 17 characters of the GB 32100 alphabet")
    if any(symbol not in "0123456789" for symbol in stem[2:8]):
        raise ValueError("characters 3 to 8 are digits")
    total = sum(_USCC_VALUE[symbol] * weight for symbol, weight in zip(stem, _USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[-total % 31]


def uscc_valid(code: object) -> bool:
    """True if the text is a unified social credit code with the right check character.

    Source:
        GB 32100-2015; R-USC-01 to R-USC-04
    """
    if type(code) is not str or len(code) != 18:
        return False
    try:
        return uscc_check_char(code[:17]) == code[17]
    except ValueError:
        return False


def org_code_valid(code: object) -> bool:
    """True if nine characters carry the check character of GB 11714 (positions 9 to 17 of a credit code).

    Advisory: some genuine credit codes fail it, so a failure is a warning and never a refusal.

    Source:
        GB 11714-1997; R-USC-05
    """
    if type(code) is not str or len(code) != 9 or any(symbol not in _ALPHANUMERIC_VALUE for symbol in code[:8]):
        return False
    total = sum(_ALPHANUMERIC_VALUE[symbol] * weight for symbol, weight in zip(code[:8], _ORG_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11] == code[8]


def citizen_check_char(stem: str) -> str:
    """The 18th character of a citizen identity number: ISO 7064 MOD 11-2 over 17 digits.

    Raises:
        ValueError: the stem is not 17 digits.
    Source:
        GB 11643-1999
    """
    if len(stem) != 17 or not (stem.isascii() and stem.isdecimal()):
        raise ValueError("a stem has 17 digits")
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(stem))
    return "10X98765432"[total % 11]


def citizen_number_valid(number: object) -> bool:
    """True if the text is a citizen identity number: 17 digits with a real birthday, and the right check character."""
    if type(number) is not str or len(number) != 18:
        return False
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        return citizen_check_char(number[:17]) == number[17]
    except ValueError:
        return False


def mod37_36(text: str) -> str:
    """The check character of ISO 7064 MOD 37,36 for identifiers of electronic certificates.

    Raises:
        ValueError: the text is empty or holds a character outside 0-9 and A-Z.
    Source:
        GB/T 17710; GB/T 36904
    """
    if not text or any(symbol not in _ALPHANUMERIC_VALUE for symbol in text):
        raise ValueError("MOD 37,36 needs characters 0-9 and A-Z")
    carry = 36
    for symbol in text:
        carry = ((carry + _ALPHANUMERIC_VALUE[symbol]) % 36 or 36) * 2 % 37
    return _ALPHANUMERIC[(37 - carry) % 36]


def mod37_36_valid(text: object) -> bool:
    """True if the last character is the MOD 37,36 check character of those before it."""
    if type(text) is not str:
        return False
    try:
        return mod37_36(text[:-1]) == text[-1:]
    except ValueError:
        return False
