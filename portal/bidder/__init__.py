"""The bidder's own program: prepare, seal, submit, withdraw, release; for those who do not want the browser for it.

It runs on the bidder's machine and meets the platform through the public HTTP API alone; sealing needs no network at
all. Only pure modules of ours are imported, and an HTTP client (a test starts it in a clean interpreter). The
demonstration's bidders are this program.

Law: R-ET-04 (20号令 26), R-ET-05 (27), R-ET-06 (30). Design: docs/spec/offline.md.
"""
