"""Every table of the house, for Alembic and the tests."""

import importlib

from kernel.db.base import Base

#: Modules that define tables.
MODELS = (
    "kernel.db.models",
    "kernel.log.models",
    "kernel.log.unsealed",
    "kernel.timestamps.models",
    "kernel.outbox.models",
    "kernel.files.models",
    "kernel.papers.models",
    "kernel.identity.models",
    "kernel.identity.party_models",
    "kernel.identity.appointment_models",
    "kernel.parameters.models",
    "kernel.drawbook.models",
    "trading.models.project",
    "trading.models.affiliation",
    "trading.models.plan",
    "trading.models.notice",
    "trading.models.document",
    "trading.models.question",
    "trading.models.objection",
    "trading.models.award",
    "trading.models.admission",
    "bidding.models.party",
    "bidding.models.bid",
    "bidding.models.opening",
    "bidding.models.bond",
    "bidding.models.consortium",
    "bidding.models.objection",
    "bidding.models.presence",
    "experts.models.pool",
    "experts.models.committee",
    "experts.models.session",
    "supervision.models",
)

for _module in MODELS:
    importlib.import_module(_module)

METADATA = Base.metadata
