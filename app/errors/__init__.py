"""Errors: every way in which a request or one of its URLs can fail.

PagecardError
├── ServiceError                 the request fails: an HTTP answer of its own
│   ├── MissingApiKey            401  MISSING_API_KEY
│   ├── InvalidApiKey            401  INVALID_API_KEY
│   ├── ApiKeyRevoked            401  API_KEY_REVOKED
│   ├── ApiKeyExpired            401  API_KEY_EXPIRED
│   ├── OriginNotAllowed         403  ORIGIN_NOT_ALLOWED
│   ├── InvalidBody              400  INVALID_BODY
│   ├── MissingUrl               400  MISSING_URL
│   ├── InvalidUrls              400  INVALID_URL
│   ├── BatchTooLarge            400  BATCH_TOO_LARGE
│   ├── RenderingUnavailable     400  RENDERING_UNAVAILABLE
│   ├── ProxyUnavailable         400  PROXY_UNAVAILABLE
│   ├── NotFound                 404  NOT_FOUND
│   ├── JobNotFound              404  JOB_NOT_FOUND
│   ├── MethodNotAllowed         405  METHOD_NOT_ALLOWED
│   ├── JobFinished              409  JOB_FINISHED
│   ├── IdempotencyConflict      409  IDEMPOTENCY_CONFLICT
│   ├── PayloadTooLarge          413  PAYLOAD_TOO_LARGE
│   ├── UnsupportedMediaType     415  UNSUPPORTED_MEDIA_TYPE
│   ├── RateLimitExceeded        429  RATE_LIMIT_EXCEEDED
│   ├── QuotaExceeded            429  QUOTA_EXCEEDED
│   ├── InternalError            500  INTERNAL_ERROR
│   ├── Overloaded               503  OVERLOADED
│   └── StorageFull              507  STORAGE_FULL
└── TargetError                  one URL fails: a result of its own, or the answer of GET /v1/extract
    ├── InvalidUrl               400  INVALID_URL
    ├── TargetNotAllowed         403  TARGET_NOT_ALLOWED
    ├── ResponseTooLarge         413  RESPONSE_TOO_LARGE
    ├── UnsupportedContent       422  UNSUPPORTED_CONTENT
    ├── ReadingFailed            500  INTERNAL_ERROR         retryable
    ├── TargetUnreachable        502  TARGET_UNREACHABLE     retryable
    ├── TargetHttpError          502  TARGET_HTTP_ERROR      retryable on 408, 425, 429, 5xx
    ├── TargetBlocked            502  TARGET_BLOCKED
    ├── TooManyRedirects         502  TOO_MANY_REDIRECTS
    └── TargetTimeout            504  TARGET_TIMEOUT         retryable

A leaf is its code, its HTTP status and its message; the OpenAPI document, the table in the README and
the tests are made from this tree.
"""

from app.errors.own import OWN_ERRORS, is_own
from app.errors.service import (
    ApiKeyExpired,
    ApiKeyRevoked,
    BatchTooLarge,
    IdempotencyConflict,
    InternalError,
    InvalidApiKey,
    InvalidBody,
    InvalidUrls,
    JobFinished,
    JobNotFound,
    MethodNotAllowed,
    MissingApiKey,
    MissingUrl,
    NotFound,
    OriginNotAllowed,
    Overloaded,
    PayloadTooLarge,
    ProxyUnavailable,
    QuotaExceeded,
    RateLimitExceeded,
    RenderingUnavailable,
    ServiceError,
    StorageFull,
    UnsupportedMediaType,
)
from app.errors.target import (
    LASTING,
    InvalidUrl,
    ReadingFailed,
    ResponseTooLarge,
    TargetBlocked,
    TargetError,
    TargetHttpError,
    TargetNotAllowed,
    TargetTimeout,
    TargetUnreachable,
    TooManyRedirects,
    UnsupportedContent,
)
from app.errors.tree import (
    PagecardError,
    leaves,
)

__all__ = [
    "LASTING",
    "OWN_ERRORS",
    "ApiKeyExpired",
    "ApiKeyRevoked",
    "BatchTooLarge",
    "IdempotencyConflict",
    "InternalError",
    "InvalidApiKey",
    "InvalidBody",
    "InvalidUrl",
    "InvalidUrls",
    "JobFinished",
    "JobNotFound",
    "MethodNotAllowed",
    "MissingApiKey",
    "MissingUrl",
    "NotFound",
    "OriginNotAllowed",
    "Overloaded",
    "PagecardError",
    "PayloadTooLarge",
    "ProxyUnavailable",
    "QuotaExceeded",
    "RateLimitExceeded",
    "ReadingFailed",
    "RenderingUnavailable",
    "ResponseTooLarge",
    "ServiceError",
    "StorageFull",
    "TargetBlocked",
    "TargetError",
    "TargetHttpError",
    "TargetNotAllowed",
    "TargetTimeout",
    "TargetUnreachable",
    "TooManyRedirects",
    "UnsupportedContent",
    "UnsupportedMediaType",
    "is_own",
    "leaves",
]
