"""From the requests of a job to what is submitted: checked against the provider's limits, each encoded as a chat is."""

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
    """Return what to submit, and what to keep of each request for its answer.

    Args:
        adapter: Encodes a request as it would that of a chat.
        options: The provider's limits.
        requests: What is asked; each names its model.
        on_unsupported: What to do with a field that the provider has no form for.

    Raises:
        InvalidRequestError: There is no request, or one that cannot be in a job, or more than the provider takes.
        UnsupportedFeatureError: A field has no form, and `on_unsupported` is "raise".
    """
    _check(adapter, options, requests)
    prepared: list[HttpRequest] = []
    kept: list[SubmittedRequest] = []
    for request in requests:
        one, left_out = adapter.chat_request(request, stream=False, on_unsupported=on_unsupported)
        parser = request.response_format.parser if request.response_format else None
        prepared.append(one)
        kept.append(SubmittedRequest(model=request.model, parser=parser, adjustments=left_out))
    _check_size(adapter, options, prepared)
    bodies = [json.loads(one.body or b"{}") for one in prepared]
    items = [JobItem(custom_id=make_custom_id(place), body=body) for place, body in enumerate(bodies)]
    headers = _headers(adapter, prepared, bodies)
    return Submission(items=items, model=requests[0].model, headers=headers), tuple(kept)


def _check(adapter: ProviderAdapter, options: JobOptions, requests: Sequence[ChatCompletionRequest]) -> None:
    config = adapter.config
    if not requests:
        raise InvalidRequestError("a job needs at least one request", provider=config.id)
    if options.max_requests is not None and len(requests) > options.max_requests:
        raise InvalidRequestError(
            f"the job has {len(requests):,} requests and {config.display_name} takes {options.max_requests:,}",
            code="job_too_large",
            provider=config.id,
            hint="Submit them in several jobs",
        )
    for place, request in enumerate(requests):
        if request.extensions.get("stream"):
            raise InvalidRequestError(
                f"requests[{place}] asks for a stream, and a job gives whole answers", provider=config.id
            )
        if options.one_model and request.model != requests[0].model:
            raise InvalidRequestError(
                f"requests[{place}] is for {request.model!r} and the first one for {requests[0].model!r}: "
                f"a job at {config.display_name} has one model",
                provider=config.id,
                hint="Submit a job for each model",
            )


def _check_size(adapter: ProviderAdapter, options: JobOptions, prepared: Iterable[HttpRequest]) -> None:
    size = sum(len(one.body or b"") for one in prepared)
    if options.max_bytes is not None and size > options.max_bytes:
        raise InvalidRequestError(
            f"the requests have {size:,} bytes and {adapter.config.display_name} takes {options.max_bytes:,} in a job",
            code="job_too_large",
            provider=adapter.config.id,
            hint="Submit them in several jobs, or upload large files with client.upload_file()",
        )


def _headers(
    adapter: ProviderAdapter, prepared: Iterable[HttpRequest], bodies: Iterable[Mapping[str, Any]]
) -> dict[str, str]:
    """Return the headers that the bodies need, with the values that all of them together need."""
    if adapter.dialect.headers is None:
        return {}
    needed = {name.lower() for body in bodies for name in adapter.dialect.headers(body)}
    values: dict[str, dict[str, None]] = {}
    for request in prepared:
        for name, value in request.headers.items():
            if name.lower() in needed:
                values.setdefault(name, {}).update(dict.fromkeys(value.replace(", ", ",").split(",")))
    return {name: ", ".join(found) for name, found in values.items()}
