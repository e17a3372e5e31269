"""Declarative base, naming convention and type map that every package's tables share."""

import enum
import uuid
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Date, Enum, Interval, LargeBinary, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase

from kernel.db.columns import UtcDateTime

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of all tables; one `MetaData` for the whole house.

    Enumerations are stored as text by value; migrations add the CHECK where a wrong value would do harm.
    """

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a class attribute
        str: Text,
        int: BigInteger,
        bytes: LargeBinary,
        datetime: UtcDateTime,
        date: Date,
        timedelta: Interval,
        uuid.UUID: Uuid,
        # None is the absence of a value in SQL too, not the JSON value null.
        dict[str, Any]: JSONB(none_as_null=True),
        list[Any]: JSONB(none_as_null=True),
        list[str]: ARRAY(Text),
        enum.StrEnum: Enum(
            enum.StrEnum,
            native_enum=False,
            create_constraint=False,
            length=64,
            values_callable=lambda members: [member.value for member in members],
        ),
    }
