"""From requests to the submission of a job: checked against the provider's limits, encoded as for a chat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.adapter import ProviderAdapter
from ai_lib.providers.jobs.format import JobItem, JobOptions, Submission
from ai_lib.providers.jobs.results import SubmittedRequest, make_custom_id
from ai_lib.types.request import ChatCompletionRequest, OnUnsupported
from ai_lib.types.wire import HttpRequest
from ai_lib.utils import json

__all__ = ["build_submission"]


def build_submission(
    adapter: ProviderAdapter,
    options: JobOptions,
    requests: Sequence[ChatCompletionRequest],
    on_unsupported: OnUnsupported,
) -> tuple[Submission, tuple[SubmittedRequest, ...]]:
    """Return what to submit for requests that name their models, and what to keep of each for its answer.

    Raises:
        InvalidRequestError: There is no request, one cannot be in a job, or they exceed the provider's limits.
        UnsupportedFeatureError: The provider does not support a field, and `on_unsupported` is "raise".
    """
    config = adapter.config
    _check_requests(adapter, options, requests)
    encoded: list[HttpRequest] = []
    submitted: list[SubmittedRequest] = []
    for request in requests:
        http_request, left_out = adapter.chat_request(request, stream=False, on_unsupported=on_unsupported)
        parser = request.response_format.parser if request.response_format else None
        encoded.append(http_request)
        submitted.append(SubmittedRequest(model=request.model, parser=parser, adjustments=left_out))
    size = sum(len(http_request.body or b"") for http_request in encoded)
    if options.max_bytes is not None and size > options.max_bytes:
        raise InvalidRequestError(
            f"the requests have {size:,} bytes; a job at {config.display_name} may have at most {options.max_bytes:,}",
            code="job_too_large",
            provider=config.id,
            hint="Submit them in several jobs, or upload large files with client.upload_file()",
        )
    bodies = [json.loads(http_request.body or b"{}") for http_request in encoded]
    items = [JobItem(custom_id=make_custom_id(index), body=body) for index, body in enumerate(bodies)]
    headers = _common_headers(adapter, encoded, bodies)
    return Submission(items=items, model=requests[0].model, headers=headers), tuple(submitted)


def _check_requests(adapter: ProviderAdapter, options: JobOptions, requests: Sequence[ChatCompletionRequest]) -> None:
    config = adapter.config
    if not requests:
        raise InvalidRequestError("a job requires at least one request", provider=config.id)
    if options.max_requests is not None and len(requests) > options.max_requests:
        raise InvalidRequestError(
            f"the job has {len(requests):,} requests; {config.display_name} allows at most {options.max_requests:,}",
            code="job_too_large",
            provider=config.id,
            hint="Submit them in several jobs",
        )
    for index, request in enumerate(requests):
        if request.extensions.get("stream"):
            raise InvalidRequestError(
                f"requests[{index}] sets stream in its extensions; jobs cannot stream", provider=config.id
            )
        if options.one_model and request.model != requests[0].model:
            raise InvalidRequestError(
                f"requests[{index}] names the model {request.model!r} and the first one {requests[0].model!r}; "
                f"a job at {config.display_name} has one model",
                provider=config.id,
                hint="Submit a job for each model",
            )


def _common_headers(
    adapter: ProviderAdapter, encoded: Iterable[HttpRequest], bodies: Iterable[Mapping[str, Any]]
) -> dict[str, str]:
    """Return the headers that the bodies need, each with the values of all requests: a job is sent in one request."""
    if adapter.dialect.headers is None:
        return {}
    needed = {name.lower() for body in bodies for name in adapter.dialect.headers(body)}
    values: dict[str, dict[str, None]] = {}
    for request in encoded:
        for name, value in request.headers.items():
            if name.lower() in needed:
                values.setdefault(name, {}).update(dict.fromkeys(value.replace(", ", ",").split(",")))
    return {name: ", ".join(parts) for name, parts in values.items()}
