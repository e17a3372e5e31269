"""Tables of experts. Enumerated columns hold the values of `experts.vocabulary` as text; CHECKs are in migration 0004.

Whatever tells who sits in a committee is hidden from the login of supervision, which sees codes until the award
(R-DRAW-11); names come out through acts that ask the stage of the lot.
"""
