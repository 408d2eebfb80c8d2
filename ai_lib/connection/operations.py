"""Embeddings, reranking and token counts at one provider: sent, and the answer checked against the request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import attrs

from ai_lib.api.call import Call
from ai_lib.connection.connection import Connection
from ai_lib.connection.options import is_model_name
from ai_lib.errors import ConfigurationError, InvalidResponseError, ModelNotFoundError
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.endpoint import Endpoint
from ai_lib.types.embedding import EmbeddingRequest, EmbeddingResponse
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.rerank import RerankRequest, RerankResponse
from ai_lib.types.usage import TokenCount, Usage

__all__ = ["count_tokens", "embed", "model_not_listed", "rerank", "resolve_operation_model"]


def resolve_operation_model(connection: Connection, endpoint: Endpoint, model: str | None, operation: str) -> str:
    """Return the model of a call: the argument, else the operation's default, else the client's model.

    Where there is no chat API, the client's model comes before the operation's default: it can only be meant for this.

    Raises:
        ConfigurationError: There is none.
    """
    config = connection.adapter.config
    only_model = connection.model if config.chat_path is None else None
    for candidate in (model, only_model, endpoint.model, connection.configured_model):
        if candidate is not None and is_model_name(candidate):
            return candidate
    raise ConfigurationError(
        f"{config.display_name} has no default model for {operation}; pass model=", code="no_model", provider=config.id
    )


def embed(connection: Connection, endpoint: Endpoint, request: EmbeddingRequest, call: Call) -> EmbeddingResponse:
    """Return the embeddings of a request, which is sent in as many parts as the endpoint's limit requires; pay for it.

    Raises:
        AiLibError: A request failed, or an answer does not have one vector for each input.
    """
    if call.ledger is None:
        return _embed_in_parts(connection, endpoint, request, call)
    catalogue, tags = connection.catalogue, call.tags
    reservation = call.ledger.reserve_texts(connection.name, request.model, request.inputs, catalogue, tags)
    try:
        answer = _embed_in_parts(connection, endpoint, request, call)
    except BaseException as exc:
        reservation.fail(exc)
        raise
    reservation.charge(answer.usage or Usage(), answer.cost)
    return answer


def _embed_in_parts(
    connection: Connection, endpoint: Endpoint, request: EmbeddingRequest, call: Call
) -> EmbeddingResponse:
    answers: list[EmbeddingResponse] = []
    size = endpoint.batch or len(request.inputs)
    for start in range(0, len(request.inputs), size):
        inputs = tuple(request.inputs[start : start + size])
        part = attrs.evolve(request, inputs=inputs) if len(inputs) < len(request.inputs) else request
        answer = connection.send(endpoint, "embed", part, call, inputs)
        vectors = len(answer.value.vectors)
        _check(vectors == len(inputs), f"{vectors} vectors for {len(inputs)} inputs", request.model)
        answers.append(attrs.evolve(answer.value, request_id=answer.request_id, adjustments=answer.adjustments))
    joined = answers[0] if len(answers) == 1 else _join(answers)
    if joined.usage is None:
        return joined
    cost = connection.catalogue.cost(connection.name, request.model or "", joined.usage)
    return joined if cost is None else attrs.evolve(joined, cost=cost.total)


def _join(answers: Sequence[EmbeddingResponse]) -> EmbeddingResponse:
    """Return one answer; its usage is the sum where every part reported one."""
    usages = [answer.usage for answer in answers if answer.usage is not None]
    costs = [usage.cost for usage in usages if usage.cost is not None]
    usage = Usage(
        prompt_tokens=sum(usage.prompt_tokens for usage in usages),
        completion_tokens=sum(usage.completion_tokens for usage in usages),
        total_tokens=sum(usage.total_tokens for usage in usages),
        cost=sum(costs, Decimal()) if len(costs) == len(usages) else None,
    )
    return attrs.evolve(
        answers[0],
        vectors=tuple(vector for answer in answers for vector in answer.vectors),
        usage=usage if len(usages) == len(answers) else None,
        raw=[answer.raw for answer in answers],
    )


def rerank(connection: Connection, endpoint: Endpoint, request: RerankRequest, call: Call) -> RerankResponse:
    """Return the ranking of a request.

    Raises:
        AiLibError: The request failed, or the answer ranks documents that were not sent.
    """
    answer = connection.send(endpoint, "rerank", request, call, (request.query, *request.documents))
    ranking: RerankResponse = answer.value
    indices = [result.index for result in ranking.results]
    count = len(request.documents)
    _check(
        len(set(indices)) == len(indices) and all(0 <= index < count for index in indices),
        f"a ranking of the documents {indices[:10]} where {count} were sent",
        request.model,
    )
    return attrs.evolve(ranking, request_id=answer.request_id, adjustments=answer.adjustments)


def count_tokens(connection: Connection, endpoint: Endpoint, request: ChatCompletionRequest, call: Call) -> TokenCount:
    """Return the provider's own count of a prompt.

    Raises:
        AiLibError: The request failed, or the answer is not a count.
    """
    count = connection.send(endpoint, "count_tokens", request, call).value
    _check(isinstance(count, int) and count >= 0, f"{count!r} for a number of tokens", request.model)
    return TokenCount(count, count, count, exact=True)


def _check(valid: bool, received: str, model: str | None) -> None:
    if not valid:
        raise InvalidResponseError(f"the provider answered with {received}", code="malformed_answer", model=model)


def model_not_listed(config: ProviderConfig, model: str, listed: Iterable[str]) -> ModelNotFoundError:
    """Return the error for a model that is not in a provider's list."""
    from difflib import get_close_matches

    names = sorted(listed)
    similar = get_close_matches(model, names, n=3, cutoff=0.5) or [name for name in names if model in name][:3]
    return ModelNotFoundError(
        f"{config.display_name} lists no model {model!r}",
        code="model_not_found",
        provider=config.id,
        model=model,
        hint=f"Did you mean {' or '.join(similar)}?" if similar else f"It lists {len(names)}: see client.list_models()",
    )
