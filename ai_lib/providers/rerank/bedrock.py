"""Reranking on Amazon Bedrock.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Rerank.html
"""

from __future__ import annotations

from typing import Any

import attrs

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.reading import first_list, merge_extensions
from ai_lib.types.rerank import RerankRequest, RerankResponse, RerankResult

__all__ = ["Options", "decode", "encode"]


@attrs.frozen(kw_only=True)
class Options:
    """The settings of one provider.

    Args:
        arn: The ARN of a model, where `{model}` stands for its name.
    """

    arn: str = "{model}"


def encode(request: RerankRequest, context: Context, refuse: Refuse) -> dict[str, Any]:  # noqa: ARG001 - refuses nothing
    """Return the body for a request."""
    model = request.model or ""
    arn = context.quirks.arn.replace("{model}", model)
    if model.startswith("arn:") or "{" in arn:  # the region is unknown behind a custom base URL: send the name alone
        arn = model
    configuration: dict[str, Any] = {"modelConfiguration": {"modelArn": arn}}
    if request.top_n is not None:
        configuration["numberOfResults"] = request.top_n
    body = {
        "queries": [{"type": "TEXT", "textQuery": {"text": request.query}}],
        "sources": [
            {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": text}}}
            for text in request.documents
        ],
        "rerankingConfiguration": {"type": "BEDROCK_RERANKING_MODEL", "bedrockRerankingConfiguration": configuration},
    }
    return merge_extensions(body, request.extensions)


def decode(payload: Any, context: Context) -> RerankResponse:
    """Return the ranking of an answer."""
    rows = first_list(payload, context, "results")
    return RerankResponse(
        results=tuple([RerankResult(int(row["index"]), float(row["relevanceScore"])) for row in rows]),
        provider=context.provider,
        raw=payload,
    )
