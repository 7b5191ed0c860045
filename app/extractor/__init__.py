"""One URL: cache, fetch, read, answer."""

from app.extractor.entries import recall
from app.extractor.extraction import Fetch, Observe, Parts, Render
from app.extractor.extractor import Extractor
from app.extractor.options import FORMATS, INCLUDES, VALIDATION, Options

__all__ = ["FORMATS", "INCLUDES", "VALIDATION", "Extractor", "Fetch", "Observe", "Options", "Parts", "Render", "recall"]
