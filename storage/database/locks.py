"""PostgreSQL's advisory locks that this application takes, told apart in one place."""

from enum import IntEnum, unique


@unique
class AdvisoryLock(IntEnum):
    """Any numbers will do as long as nothing else in the database takes them."""

    UPGRADE = 7_264_108_901
    RETENTION = 7_264_108_902
    INDEXES = 7_264_108_903
