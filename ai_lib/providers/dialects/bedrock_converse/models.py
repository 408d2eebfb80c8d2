"""The lists of models: foundation models, and inference profiles.

Sources: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html,
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListInferenceProfiles.html
"""

from __future__ import annotations

from typing import Any

from ai_lib.providers.dialect import Context
from ai_lib.providers.reading import first_list
from ai_lib.types.model import ModelInfo

__all__ = ["decode_models"]


def decode_models(payload: Any, context: Context) -> list[ModelInfo]:
    """Return the models of GET /foundation-models or /inference-profiles of the host bedrock.{region}.amazonaws.com."""
    return [
        ModelInfo(
            model_id,
            context.provider,
            owned_by=entry.get("providerName"),
            name=entry.get("modelName") or entry.get("inferenceProfileName"),
            raw=entry,
        )
        for entry in first_list(payload, context, "modelSummaries", "inferenceProfileSummaries")
        if (model_id := entry.get("modelId") or entry.get("inferenceProfileId"))
    ]
