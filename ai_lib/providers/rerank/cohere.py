"""Cohere's reranking; the form that Jina has is the same.

Source: https://docs.cohere.com/reference/rerank
"""

from __future__ import annotations

from ai_lib.providers.rerank.jina import OPERATION

__all__ = ["OPERATION"]
