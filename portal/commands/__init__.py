"""One module per command of `./sunlit` that is about running the platform: `register(parser)` and `run(args)`.

Modules are imported only when their command is called, so that `./sunlit verify` needs neither database nor web.
"""
