"""Which matters are open to oversight: written once, when their seal is lifted."""

import uuid
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base
from kernel.db.transaction import Tx


class Unsealed(Base):
    """A matter whose sealed entries supervision may read from now on."""

    __tablename__ = "kernel_unsealed"

    subject: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]


async def unseal(tx: Tx, subject: uuid.UUID) -> None:
    """Lift the seal from a matter's entries; doing it twice changes nothing."""
    await tx.session.execute(insert(Unsealed).values(subject=subject, at=tx.now).on_conflict_do_nothing())
