"""The front door of supervision for the portal: values and reads. No logic."""

from supervision.drawn import list_draws_of_inspections
from supervision.queries import DrawView, InspectionLine, InspectionView, get_inspection, list_inspections

__all__ = [
    "DrawView",
    "InspectionLine",
    "InspectionView",
    "get_inspection",
    "list_draws_of_inspections",
    "list_inspections",
]
