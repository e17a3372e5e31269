"""Tables of trading. Enumerated columns hold values of `trading.vocabulary` as text; migration 0002 has the CHECKs."""
