"""The book of draws: what the pure engine of `kernel.draw` needs kept, step by step, in the database and the log.

It knows no matter: who may draw, from whom and for what is decided by the packages above. Law: R-DRAW-09, R-DRAW-10.
"""
