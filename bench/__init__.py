"""Benchmarks: each says what it measures, beside its peer, on the machine at hand. Run by `./sunlit bench NAME`."""
