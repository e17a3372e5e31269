"""Questions, answers and the messages that carry them to every holder.

Who asked, and who received, tells who holds the documents, which stays secret until the award is decided (R-ANN-05,
R-ET-02): migration 0002 hides both from the login of supervision, and no query gives them to the agency.
"""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db.base import Base


class Question(Base):
    """A holder's question on the documents."""

    __tablename__ = "trading_question"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    asker_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"))
    text: Mapped[str]
    asked_at: Mapped[datetime]


class Answer(Base):
    """The answer to a question: one, public, never changed."""

    __tablename__ = "trading_answer"

    question_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_question.id"), primary_key=True)
    lot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trading_lot.id"), index=True)
    no: Mapped[int]
    question_text: Mapped[str]
    text: Mapped[str]
    affects_bids: Mapped[bool]
    answered_by: Mapped[uuid.UUID]
    answered_at: Mapped[datetime]


class Message(Base):
    """A message in an organisation's inbox; about a lot, or about a matter of a package above."""

    __tablename__ = "trading_message"
    __table_args__ = (Index("ix_trading_message_organisation_id", "organisation_id", "sent_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity_organisation.id"))
    lot_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trading_lot.id"))
    kind: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    href: Mapped[str]
    sent_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
