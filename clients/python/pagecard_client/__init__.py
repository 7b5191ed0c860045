"""Client of Pagecard, a self-hosted API that turns URLs into link metadata.

from pagecard_client import Pagecard

with Pagecard("https://cards.example.com", key="ks_live_…") as pagecard:
    for result in pagecard.cards(urls):
        print(result.url, result.card.title if result.card else result.error.code)
"""

from pagecard_client.aio import AsyncJobs, AsyncPagecard
from pagecard_client.client import Jobs, Pagecard
from pagecard_client.errors import ApiError, NetworkError, PagecardError
from pagecard_client.jobs import Item, ItemData, Job, JobAccepted, JobCancelled, JobList, JobListItem
from pagecard_client.models import (
    Article,
    Card,
    Content,
    Document,
    Feed,
    Icon,
    Limits,
    Media,
    MediaFile,
    OpenGraph,
    PageMeta,
    Product,
    Result,
    Source,
    TargetError,
    TwitterCard,
    Usage,
    Used,
)

__all__ = [
    "ApiError",
    "Article",
    "AsyncJobs",
    "AsyncPagecard",
    "Card",
    "Content",
    "Document",
    "Feed",
    "Icon",
    "Item",
    "ItemData",
    "Job",
    "JobAccepted",
    "JobCancelled",
    "JobList",
    "JobListItem",
    "Jobs",
    "Limits",
    "Media",
    "MediaFile",
    "NetworkError",
    "OpenGraph",
    "PageMeta",
    "Pagecard",
    "PagecardError",
    "Product",
    "Result",
    "Source",
    "TargetError",
    "TwitterCard",
    "Usage",
    "Used",
]
