"""Reranking at Cohere, in the same format as at Jina.

Source: https://docs.cohere.com/reference/rerank
"""

from __future__ import annotations

from ai_lib.providers.rerank.jina import Options, decode, encode

__all__ = ["Options", "decode", "encode"]
