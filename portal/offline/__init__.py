"""Offline verification: what the members of a case prove, from public files and a trust file alone.

Pure modules only: no database, no network, no web framework. A test starts a clean interpreter to make sure.
"""
