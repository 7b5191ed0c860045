"""How a link to a page looks elsewhere: checks, score, grade, and previews on social platforms."""

from app.validation.model import GRADES, Check, Checks, Dimensions, Preview, Previews, Reason, Validation
from app.validation.report import validate_page

__all__ = [
    "GRADES",
    "Check",
    "Checks",
    "Dimensions",
    "Preview",
    "Previews",
    "Reason",
    "Validation",
    "validate_page",
]
