"""A batch by the client that openapi-python-client generates: `batch.py FOLDER SERVER KEY URL`."""

from __future__ import annotations

import json
import sys

folder, server, key, url = sys.argv[1:]
sys.path.insert(0, folder)

from generated import AuthenticatedClient  # noqa: E402
from generated.api.extract import extract_many, extract_one  # noqa: E402
from generated.models import BatchAnswer, BatchRequest, BatchTooLargeError, CardAnswer, Failure, Success  # noqa: E402

with AuthenticatedClient(server, token=key) as client:
    batch = extract_many.sync(client=client, body=BatchRequest(urls=[url, f"{url}/gone"]))
    assert isinstance(batch, BatchAnswer), batch
    found, gone = batch.data.results
    assert isinstance(found, Success), found
    assert isinstance(gone, Failure), gone
    card = extract_one.sync(client=client, url_query=url)
    assert isinstance(card, CardAnswer), card
    refused = extract_many.sync(client=client, body=BatchRequest(urls=[url] * 101))
    assert isinstance(refused.error, BatchTooLargeError), refused
    told = [found.data.title, gone.error.details.http_status, card.data.title, refused.error.details.limit]
    print(json.dumps(told))
