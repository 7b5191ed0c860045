"""The contract of what `/v1/batch` answers, as JSON Schema (OpenAPI 3.1)."""

from __future__ import annotations

from app.api.job_requests import PROXY_TYPES, WAITS
from app.api.responses import BOOLEAN, COUNT, MOMENT, STRING, Json, array, nullable, obj, ref
from app.extractor import FORMATS
from app.jobs.job import ENDED, Status

UUID: Json = {"type": "string", "format": "uuid"}
STATUS: Json = {"enum": list(Status)}
WHOLE = nullable(COUNT)
TEXT = nullable(STRING)

NAMED: Json = {"job_id": UUID, "status": STATUS, "status_url": STRING}
ACCEPTED = obj(NAMED | {"accepted_urls": COUNT, "invalid_urls": array(STRING)})
CANCELLED = obj(NAMED | {"in_flight_urls": COUNT})

CONFIG = obj(
    {
        "render_js": BOOLEAN,
        "formats": array({"enum": list(FORMATS)}),
        "include_metadata": BOOLEAN,
        "proxy": obj({"country": TEXT, "type": nullable({"enum": list(PROXY_TYPES)})}),
        "headers": nullable({"type": "object", "additionalProperties": {"const": "[hidden]"}}),
        "wait_config": nullable(
            obj({"wait_until": nullable({"enum": list(WAITS)}), "wait_for": TEXT, "wait_timeout": WHOLE})
        ),
    }
)

RESULT = obj(
    {
        "input_index": COUNT,
        "url": STRING,
        "status": {"enum": list(ENDED)},
        "error_code": TEXT,
        "error_message": TEXT,
        "data": nullable(obj({"markdown": TEXT, "html": TEXT, "metadata": nullable(ref("Card"))})),
        "metadata": obj({"http_status": WHOLE, "duration_ms": WHOLE, "tokens_charged": COUNT}),
    }
)
RESULT_LINE: Json = {"description": "A line for each result, as in `results` of the job.", "type": "string"}

TIMES: Json = {"created_at": MOMENT, "completed_at": nullable(MOMENT)}

WEBHOOK = obj(
    {
        "url": STRING,
        "status": {"enum": ["waiting", "pending", "delivered", "failed"]},
        "attempts": COUNT,
        "last_attempt_at": nullable(MOMENT),
        "last_http_status": WHOLE,
        "last_error": TEXT,
        "next_attempt_at": nullable(MOMENT),
    }
)

JOB = obj(
    {
        "job_id": UUID,
        "status": STATUS,
        "batch_config": CONFIG,
        "token_summary": obj({"tokens_charged_total": COUNT, "tokens_reserved": COUNT}),
        "total_urls": COUNT,
        "completed_urls": COUNT,
        "failed_urls": COUNT,
        "cancelled_urls": COUNT,
        "pending_urls": COUNT,
        "invalid_urls": array(STRING),
        **TIMES,
        "webhook": WEBHOOK,
        "results": array(RESULT),
    },
    optional=["webhook"],
)

LIST = obj(
    {
        "jobs": array(
            obj(
                {
                    "job_id": UUID,
                    "status": STATUS,
                    "accepted_urls": COUNT,
                    "config": CONFIG,
                    **TIMES,
                    "completed_urls": COUNT,
                    "failed_urls": COUNT,
                }
            )
        ),
        "page": COUNT,
        "page_size": COUNT,
        "page_count": COUNT,
    }
)
