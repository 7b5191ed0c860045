"""The contract of refusals: one envelope, and a schema of `error` for each code whose details have a fixed shape."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Struct, UnsetType

from app.api.responses import REQUEST_ID, TargetDetails
from app.api.schema import Json, component, constant, doc, one_of, ref
from app.errors import (
    BatchTooLarge,
    InvalidBody,
    InvalidUrl,
    InvalidUrls,
    PagecardError,
    QuotaExceeded,
    RateLimitExceeded,
    ServiceError,
    TargetError,
    TargetHttpError,
    leaves,
)

_OF_FIXED_SHAPE = {each.code for each in (InvalidBody, InvalidUrls, BatchTooLarge, RateLimitExceeded, QuotaExceeded)}
_OTHER = [leaf.code for leaf in leaves(ServiceError) if leaf.code not in _OF_FIXED_SHAPE]

Message = Annotated[str, doc("Sentence for people.", "The request was refused")]


class ErrorMeta(Struct, frozen=True, kw_only=True):
    """Facts of a request that was refused."""

    request_id: Annotated[str, doc("Id of the request, as in `X-Request-Id`.", REQUEST_ID)]


class ErrorAnswer(Struct, frozen=True, kw_only=True):
    """Answer to a request that failed as a whole."""

    success: Annotated[bool, constant(False)] = False
    error: Annotated[Any, component("Error", "Reason of the failure.")]
    meta: Annotated[ErrorMeta, doc("Facts of the request.")]


class OtherError(Struct, frozen=True, kw_only=True):
    """An error whose details have no fixed shape, or none."""

    code: Annotated[str, one_of(_OTHER, "Machine-readable code.")]
    message: Message
    details: Annotated[dict[str, Any] | UnsetType, doc("Further facts, where there are any.", {"allowed": ["GET"]})] = (
        UNSET
    )


class InvalidBodyDetails(Struct, frozen=True, kw_only=True):
    """Fields that are wrong."""

    errors: Annotated[dict[str, list[str]], doc("Problems of each field.", {"urls.0": ["Not a valid string."]})]


class InvalidBodyError(Struct, frozen=True, kw_only=True):
    """The request is not what this endpoint takes."""

    code: Annotated[str, constant(InvalidBody.code)]
    message: Message
    details: Annotated[InvalidBodyDetails | UnsetType, doc("Fields that are wrong.")] = UNSET


class RejectedUrl(Struct, frozen=True, kw_only=True):
    """A URL that is invalid."""

    index: Annotated[int, doc("Place of the URL in `urls`, from 0.", 0, minimum=0)]
    url: Annotated[str, doc("The URL as it was sent.", "htp://example.com")]
    reason: Annotated[str, doc("Sentence for people.", "This is not an absolute http or https URL")]


class InvalidUrlDetails(Struct, frozen=True, kw_only=True):
    """URLs that are invalid."""

    invalid_urls: Annotated[tuple[RejectedUrl, ...], doc("Every invalid URL.")]


class InvalidUrlError(Struct, frozen=True, kw_only=True):
    """One or more URLs are invalid."""

    code: Annotated[str, constant(InvalidUrls.code)]
    message: Message
    details: Annotated[InvalidUrlDetails | UnsetType, doc("URLs that are invalid.")] = UNSET


class BatchTooLargeDetails(Struct, frozen=True, kw_only=True):
    """Limit of the plan."""

    limit: Annotated[int, doc("URLs that the plan takes in one batch.", 25)]
    received: Annotated[int, doc("URLs that were sent.", 30)]
    plan: Annotated[str, doc("Name of the plan.", "pro")]


class BatchTooLargeError(Struct, frozen=True, kw_only=True):
    """More URLs than the plan takes in one batch."""

    code: Annotated[str, constant(BatchTooLarge.code)]
    message: Message
    details: Annotated[BatchTooLargeDetails, doc("Limit of the plan.")]


class RateLimitDetails(Struct, frozen=True, kw_only=True):
    """Rate of the plan."""

    per_minute: Annotated[int | None, doc("Requests per minute.", 1000)]
    burst: Annotated[int | None, doc("Requests at once.", 100)]
    plan: Annotated[str, doc("Name of the plan.", "pro")]


class RateLimitError(Struct, frozen=True, kw_only=True):
    """Too many requests for the plan; `Retry-After` tells when to come again."""

    code: Annotated[str, constant(RateLimitExceeded.code)]
    message: Message
    details: Annotated[RateLimitDetails, doc("Rate of the plan.")]


class QuotaDetails(Struct, frozen=True, kw_only=True):
    """Quota that is used up."""

    plan: Annotated[str, doc("Name of the plan.", "pro")]
    per_month: Annotated[int | UnsetType | None, doc("URLs per month.", 50000)] = UNSET
    limit: Annotated[str | UnsetType, doc("Name of the quota.", "per_month")] = UNSET


class QuotaError(Struct, frozen=True, kw_only=True):
    """A quota of the plan is used up; `Retry-After` tells when to come again."""

    code: Annotated[str, constant(QuotaExceeded.code)]
    message: Message
    details: Annotated[QuotaDetails, doc("Quota that is used up.")]


class RefusedTarget(Struct, frozen=True, kw_only=True):
    """The URL has no card."""

    code: Annotated[str, one_of((leaf.code for leaf in leaves(TargetError)), "Machine-readable code.")]
    message: Message
    details: Annotated[TargetDetails | UnsetType, doc("Facts of the failure, where there are any.")] = UNSET


DOCUMENTED = (
    InvalidBodyError,
    InvalidUrlError,
    BatchTooLargeError,
    RateLimitError,
    QuotaError,
    RefusedTarget,
    OtherError,
)

_DETAILS: dict[str, Json] = {
    InvalidBody.code: {"errors": {"urls": ["Missing data for required field."]}},
    InvalidUrls.code: {"invalid_urls": [{"index": 0, "url": "htp://example.com", "reason": InvalidUrl.message}]},
    BatchTooLarge.code: {"limit": 25, "received": 30, "plan": "pro"},
    RateLimitExceeded.code: {"per_minute": 1000, "burst": 100, "plan": "pro"},
    QuotaExceeded.code: {"per_month": 50000, "plan": "pro"},
    TargetHttpError.code: {"http_status": 404},
}


def refuse(error: PagecardError, request_id: str) -> ErrorAnswer:
    """Describe an error to a client."""
    told = OtherError(code=error.code, message=error.message, details=error.details or UNSET)
    return ErrorAnswer(error=told, meta=ErrorMeta(request_id=request_id))


def examples() -> dict[str, Json]:
    """Return an example answer for each code; of a code that a request and a URL share, the request's."""
    every = reversed(list(leaves(PagecardError)))
    return {leaf.code: {"summary": leaf.message, "value": _example(leaf)} for leaf in every}


def _example(leaf: type[PagecardError]) -> Json:
    error: Json = {"code": leaf.code, "message": leaf.message}
    if leaf.code in _DETAILS:
        error["details"] = _DETAILS[leaf.code]
    return {"success": False, "error": error, "meta": {"request_id": REQUEST_ID}}


def unions() -> dict[str, Json]:
    """Return the components that are no Structs: `Error`, by its code, and the list of codes."""
    alternatives = [ref(struct.__name__) for struct in DOCUMENTED]
    return {"Error": {"description": "Reason of a refusal, by `code`.", "anyOf": alternatives}, "ErrorCode": _codes()}


def _codes() -> Json:
    """List every code. METHOD_NOT_ALLOWED, of methods without an operation, is documented here alone."""
    rows = {leaf.code: f"- `{leaf.code}` ({leaf.status}): {leaf.message}" for leaf in leaves(PagecardError)}
    return {"type": "string", "enum": sorted(rows), "description": "\n".join(rows.values())}
