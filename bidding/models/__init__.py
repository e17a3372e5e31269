"""Tables of bidding. Enumerated columns hold the values of `bidding.vocabulary` as text; CHECKs are in migration 0003.

Whatever tells how many bid, who, or when carries version 4 ids, no sequence, and `lot_id`, by which migration 0003
hides it from the login of supervision until the lot is unsealed (R-ET-05).
"""
