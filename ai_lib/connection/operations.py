"""One call of each kind beside chat: prepared, sent, tried again, and its answer checked against what was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import attrs

from ai_lib.api.call import Call
from ai_lib.connection.connection import Connection
from ai_lib.errors import AiLibError, ConfigurationError, InvalidResponseError, ModelNotFoundError
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.endpoint import Endpoint
from ai_lib.providers.registry import load_operation
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.rerank import RerankRequest, RerankResponse
from ai_lib.types.usage import TokenCount, Usage
from ai_lib.types.wire import HttpResponse

__all__ = ["ask", "count_tokens", "embed", "no_model", "not_listed", "rerank", "told"]

T = TypeVar("T")
Asked = tuple[Any, str | None, tuple[str, ...]]


def told(call: Call, do: Callable[[], T]) -> T:
    """Return what `do` returns; an error tells of the call's attempts and time."""
    try:
        return do()
    except AiLibError as error:
        call.annotate(error)
        raise


def ask(
    provider: Connection, endpoint: Endpoint, kind: str, request: Any, call: Call, texts: Iterable[str] = ()
) -> Asked:
    """Send one request and return its answer, the id of the request, and what was left out.

    Args:
        provider: Whom.
        endpoint: Where.
        kind: The folder of the wire format: "embed", "rerank", "count_tokens" or "upload".
        request: What is asked; it has a `model`.
        call: The time of the whole call.
        texts: What counts against a limit of tokens.
    """
    operation, adapter = load_operation(kind, endpoint.format), provider.adapter
    prepared, left_out = adapter.operation_request(endpoint, operation, request, call.on_unsupported)

    def read(response: HttpResponse) -> tuple[Any, str | None]:
        return adapter.decode_operation(endpoint, operation, response), adapter.errors.request_id(response.headers)

    exchange = provider.exchange(call)
    once = partial(exchange.ask, prepared, read, request.model)
    answer, request_id = told(call, lambda: provider.run(once, call, request.model, texts))
    return answer, request_id, left_out


def embed(provider: Connection, endpoint: Endpoint, request: EmbeddingRequest, call: Call) -> EmbeddingResponse:
    """Return the vectors of a request, which is sent in as many as the endpoint's limit asks for, and pay for them."""
    if call.ledger is None:
        return _embedded(provider, endpoint, request, call)
    hold = call.ledger.reserve_texts(provider.name, request.model, request.inputs, provider.catalogue, call.tags)
    try:
        answer = _embedded(provider, endpoint, request, call)
    except BaseException as exc:
        hold.fail(exc)
        raise
    hold.charge(answer.usage or Usage(), answer.cost)
    return answer


def _embedded(provider: Connection, endpoint: Endpoint, request: EmbeddingRequest, call: Call) -> EmbeddingResponse:
    answers = []
    for inputs in _batches(request.inputs, endpoint.batch):
        part = attrs.evolve(request, inputs=inputs) if len(inputs) < len(request.inputs) else request
        answer, request_id, left_out = ask(provider, endpoint, "embed", part, call, inputs)
        _promised(len(answer.vectors) == len(inputs), f"{len(answer.vectors)} vectors for {len(inputs)} texts", request)
        answers.append(attrs.evolve(answer, request_id=request_id, adjustments=left_out))
    answer = answers[0] if len(answers) == 1 else _joined(answers)
    if answer.usage is None:
        return answer
    cost = provider.catalogue.cost(provider.name, request.model or "", answer.usage)
    return answer if cost is None else attrs.evolve(answer, cost=cost.total)


def rerank(provider: Connection, endpoint: Endpoint, request: RerankRequest, call: Call) -> RerankResponse:
    """Return the ranking of a request."""
    answer: RerankResponse
    texts = (request.query, *request.documents)
    answer, request_id, left_out = ask(provider, endpoint, "rerank", request, call, texts)
    places = [result.index for result in answer.results]
    every = range(len(request.documents))
    _promised(
        len(set(places)) == len(places) and all(place in every for place in places),
        f"a ranking of the documents {places[:10]} where {len(every)} were sent",
        request,
    )
    return attrs.evolve(answer, request_id=request_id, adjustments=left_out)


def count_tokens(provider: Connection, endpoint: Endpoint, request: ChatCompletionRequest, call: Call) -> TokenCount:
    """Return the provider's own count of a prompt."""
    count, _, _ = ask(provider, endpoint, "count_tokens", request, call)
    _promised(isinstance(count, int) and count >= 0, f"{count!r} for a number of tokens", request)
    return TokenCount(count, count, count, exact=True)


def _promised(kept: bool, got: str, request: Any) -> None:
    if not kept:
        raise InvalidResponseError(f"the provider answered with {got}", code="malformed_answer", model=request.model)


def _batches(inputs: Sequence[str], size: int | None) -> Iterator[tuple[str, ...]]:
    size = size or len(inputs)
    for start in range(0, len(inputs), size):
        yield tuple(inputs[start : start + size])


def _joined(answers: Sequence[EmbeddingResponse]) -> EmbeddingResponse:
    counted = [answer.usage for answer in answers if answer.usage is not None]
    return attrs.evolve(
        answers[0],
        vectors=tuple(vector for answer in answers for vector in answer.vectors),
        usage=_sum(counted) if len(counted) == len(answers) else None,
        raw=[answer.raw for answer in answers],
    )


def _sum(counted: Sequence[Usage]) -> Usage:
    costs = [usage.cost for usage in counted if usage.cost is not None]
    total: Callable[[str], int] = lambda field: sum(getattr(usage, field) for usage in counted)  # noqa: E731
    return Usage(
        prompt_tokens=total("prompt_tokens"),
        completion_tokens=total("completion_tokens"),
        total_tokens=total("total_tokens"),
        cost=sum(costs, Decimal()) if len(costs) == len(counted) else None,
    )


def not_listed(config: ProviderConfig, name: str, known: Iterable[str]) -> ModelNotFoundError:
    """Return the error for a model that is not in a provider's list."""
    from difflib import get_close_matches

    known = sorted(known)
    near = get_close_matches(name, known, n=3, cutoff=0.5) or [other for other in known if name in other][:3]
    return ModelNotFoundError(
        f"{config.display_name} lists no model {name!r}",
        code="model_not_found",
        provider=config.id,
        model=name,
        hint=f"Did you mean {' or '.join(near)}?" if near else f"It lists {len(known)}: see client.list_models()",
    )


def no_model(config: ProviderConfig, what: str) -> ConfigurationError:
    """Return the error for a call that names no model where there is no default."""
    return ConfigurationError(
        f"{config.display_name} has no default model for {what}; pass model=", code="no_model", provider=config.id
    )
