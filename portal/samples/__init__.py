"""Sample contexts for every template: what the gallery shows and the contract test renders.

A context here is an example of what the packages' pages hand to their templates. The names are invented, but for the
facts of the published notice that the demonstration plays.
"""

from typing import Any

from portal.samples import admin, agency, bidder, bonds, consortia, expert, oversight, parties, procedures, public

Context = dict[str, Any]

SAMPLES: dict[str, dict[str, Context]] = {}
for module in (admin, public, bidder, bonds, consortia, agency, expert, oversight, parties, procedures):
    for template, states in module.SAMPLES.items():
        SAMPLES.setdefault(template, {}).update(states)
