"""Reranking on Amazon Bedrock.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Rerank.html
"""

from __future__ import annotations

from typing import Any

import attrs

from ai_lib.providers.dialect import Context, Refuse
from ai_lib.providers.operation import OperationFormat
from ai_lib.providers.reading import first_list, merge_extensions, quirks_reader
from ai_lib.types.rerank import RerankRequest, RerankResponse, RerankResult

__all__ = ["OPERATION", "Options"]


@attrs.frozen(kw_only=True)
class Options:
    """What may be set.

    Args:
        arn: How a model's name becomes its ARN: `{model}` is the name.
    """

    arn: str = "{model}"


def _encode(request: RerankRequest, context: Context, refuse: Refuse) -> dict[str, Any]:  # noqa: ARG001 - all has a form
    results = {"numberOfResults": request.top_n} if request.top_n is not None else {}
    body = {
        "queries": [{"type": "TEXT", "textQuery": {"text": request.query}}],
        "sources": [
            {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": text}}}
            for text in request.documents
        ],
        "rerankingConfiguration": {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": {
                "modelConfiguration": {"modelArn": _arn(request.model or "", context.quirks.arn)},
                **results,
            },
        },
    }
    return merge_extensions(body, request.extensions)


def _arn(model: str, template: str) -> str:
    """Return a model's ARN; where the region is not known, the name alone has to do."""
    arn = template.replace("{model}", model)
    return model if model.startswith("arn:") or "{" in arn else arn


def _decode(payload: Any, context: Context) -> RerankResponse:
    return RerankResponse(
        results=tuple(
            [
                RerankResult(int(row["index"]), float(row["relevanceScore"]))
                for row in first_list(payload, context, "results")
            ]
        ),
        provider=context.provider,
        raw=payload,
    )


OPERATION = OperationFormat(quirks=quirks_reader(Options, "rerank format bedrock"), encode=_encode, decode=_decode)
