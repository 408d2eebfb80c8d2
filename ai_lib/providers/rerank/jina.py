"""Reranking in Jina's format, which most providers adopted; the field names that differ are options.

Sources: https://api.jina.ai/redoc, https://docs.voyageai.com/reference/reranker-api,
https://docs.together.ai/reference/rerank, https://docs.siliconflow.com/en/api-reference/rerank/create-rerank,
https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.reading import first_list, merge_extensions, read_input_usage
from ai_lib.types.rerank import RerankRequest, RerankResponse, RerankResult

__all__ = ["Options", "decode", "encode"]


@attrs.frozen(kw_only=True)
class Options:
    """The settings of one provider.

    Args:
        top_n: The name of the field for the number of results.
        send: Fields that are always sent.
    """

    top_n: str = "top_n"
    send: Mapping[str, Any] = attrs.field(factory=dict)


def encode(request: RerankRequest, context: Context, refuse: Refuse) -> dict[str, Any]:  # noqa: ARG001 - refuses nothing
    """Return the body for a request."""
    options: Options = context.quirks
    top_n = {options.top_n: request.top_n} if request.top_n is not None else {}
    body = {"model": request.model, "query": request.query, "documents": list(request.documents), **top_n}
    return merge_extensions({**body, **options.send}, request.extensions)


def decode(payload: Any, context: Context) -> RerankResponse:
    """Return the ranking of an answer."""
    rows = first_list(payload, context, "results", "data")
    meta = payload.get("meta") or {}
    usage = payload.get("usage") or payload.get("tokens") or meta.get("tokens")
    return RerankResponse(
        results=tuple([RerankResult(int(row["index"]), float(row["relevance_score"])) for row in rows]),
        model=payload.get("model") or None,
        provider=context.provider,
        usage=read_input_usage(usage),
        raw=payload,
    )
