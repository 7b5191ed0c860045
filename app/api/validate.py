"""`GET /v1/validate`: checks, grade and previews of a page on social platforms."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response

from app.api.auth import authorised
from app.api.envelope import success
from app.api.extraction import find_card, read_url_query
from app.api.openapi import Answer, Operation, described
from app.api.requests import ValidateQuerySchema
from app.api.responses import ValidationAnswer
from app.api.state import Caller
from app.errors import MissingUrl, Overloaded, QuotaExceeded, TargetError, leaves
from app.extractor import VALIDATION, Options

blueprint = Blueprint("validate", __name__)

QUERY = ValidateQuerySchema()


class _Card(msgspec.Struct):
    validation: msgspec.Raw


@blueprint.get("/v1/validate")
@described(
    Operation(
        tag="Extract",
        query=QUERY,
        answers={200: Answer("Checks, grade and previews.", ValidationAnswer)},
        errors=(MissingUrl, QuotaExceeded, Overloaded, *leaves(TargetError)),
    )
)
@authorised()
def validate(caller: Caller) -> Response:
    """Tell how a link to a page looks on social platforms, and what to mend.

    `robots.txt` of the page's host is asked too. Sizes of pictures are those that the page declares.
    """
    asked = read_url_query(QUERY)
    options = Options(include=frozenset((VALIDATION,)), fresh=not asked["cache"])
    outcome = find_card(caller, asked["url"], options)
    return success(bytes(msgspec.json.decode(outcome.data, type=_Card).validation))
