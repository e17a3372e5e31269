"""The front door of experts for the packages above: values and reads. No logic."""

from experts.evaluators import CommitteeMembers
from experts.queries import CommitteeView, DrawRecord, get_committee, list_draw_records
from experts.session_queries import SessionView, list_sessions

__all__ = [
    "CommitteeMembers",
    "CommitteeView",
    "DrawRecord",
    "SessionView",
    "get_committee",
    "list_draw_records",
    "list_sessions",
]
