"""The table of stored files."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class StoredFile(Base):
    """One immutable file; the object's key follows from the digest.

    `access` names who may read it: `public`, or a key of the owning package that its door understands.
    """

    __tablename__ = "kernel_file"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    size: Mapped[int]
    media_type: Mapped[str]
    name: Mapped[str]
    access: Mapped[str]
    subject: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime]
