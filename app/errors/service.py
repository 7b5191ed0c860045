"""Errors that refuse a request as a whole."""

from __future__ import annotations

from app.errors.tree import PagecardError


class ServiceError(PagecardError):
    """Refusal of a request as a whole. `retry_after` is in seconds."""

    retry_after: int | None = None


class MissingApiKey(ServiceError):
    code = "MISSING_API_KEY"
    status = 401
    message = "Send an API key: Authorization: Bearer KEY, or X-Api-Key: KEY"


class InvalidApiKey(ServiceError):
    code = "INVALID_API_KEY"
    status = 401
    message = "This API key is not known"


class ApiKeyRevoked(ServiceError):
    code = "API_KEY_REVOKED"
    status = 401
    message = "This API key was revoked"


class ApiKeyExpired(ServiceError):
    code = "API_KEY_EXPIRED"
    status = 401
    message = "This test key was not used for 30 days and has expired"


class OriginNotAllowed(ServiceError):
    code = "ORIGIN_NOT_ALLOWED"
    status = 403
    message = "This publishable key does not work from this origin or for this endpoint"


class InvalidBody(ServiceError):
    code = "INVALID_BODY"
    status = 400
    message = "The request is not what this endpoint takes"


class MissingUrl(ServiceError):
    code = "MISSING_URL"
    status = 400
    message = "Say which page to read: ?url=https://example.com"


class InvalidUrls(ServiceError):
    code = "INVALID_URL"
    status = 400
    message = "One or more URLs are invalid"


class BatchTooLarge(ServiceError):
    code = "BATCH_TOO_LARGE"
    status = 400
    message = "More URLs than this plan takes in one batch"


class RenderingUnavailable(ServiceError):
    code = "RENDERING_UNAVAILABLE"
    status = 400
    message = "This server has no browser to render pages with"


class ProxyUnavailable(ServiceError):
    code = "PROXY_UNAVAILABLE"
    status = 400
    message = "This server has no such proxy"


class NotFound(ServiceError):
    code = "NOT_FOUND"
    status = 404
    message = "There is nothing at this path"


class JobNotFound(ServiceError):
    code = "JOB_NOT_FOUND"
    status = 404
    message = "There is no such job"


class MethodNotAllowed(ServiceError):
    code = "METHOD_NOT_ALLOWED"
    status = 405
    message = "This path does not take this method"


class JobFinished(ServiceError):
    code = "JOB_FINISHED"
    status = 409
    message = "This job has already ended"


class IdempotencyConflict(ServiceError):
    code = "IDEMPOTENCY_CONFLICT"
    status = 409
    message = "This Idempotency-Key was used with another body"


class PayloadTooLarge(ServiceError):
    code = "PAYLOAD_TOO_LARGE"
    status = 413
    message = "A request body holds at most 1 MiB"


class UnsupportedMediaType(ServiceError):
    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415
    message = "Send JSON, with Content-Type: application/json"


class RateLimitExceeded(ServiceError):
    code = "RATE_LIMIT_EXCEEDED"
    status = 429
    message = "Too many requests for this plan"


class QuotaExceeded(ServiceError):
    code = "QUOTA_EXCEEDED"
    status = 429
    message = "This month's URLs are used up"


class InternalError(ServiceError):
    code = "INTERNAL_ERROR"
    status = 500
    message = "Something went wrong on our side"


class Overloaded(ServiceError):
    code = "OVERLOADED"
    status = 503
    message = "Too many pages are being fetched just now"


class StorageFull(ServiceError):
    code = "STORAGE_FULL"
    status = 507
    message = "The server's disk is full, so nothing can be stored; cards are still answered"
