"""The party library: organisations with names, roles and one registration; people behind them; merges.

It stands above `kernel.identity` (who is there) and `kernel.log` (what was done): each act here records itself.

Source: R-USC, R-LIC-10, R-SEC-14.
"""
