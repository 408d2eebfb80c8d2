"""generateContent and streamGenerateContent, as spoken by the Gemini API and by Vertex AI.

Sources: https://ai.google.dev/api/generate-content,
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
"""

from ai_lib.providers.dialect import Dialect
from ai_lib.providers.dialects.gemini.decode import decode
from ai_lib.providers.dialects.gemini.encode import encode
from ai_lib.providers.dialects.gemini.models import decode_models, next_page
from ai_lib.providers.dialects.gemini.quirks import quirks_from
from ai_lib.providers.dialects.gemini.stream import decode_stream

__all__ = ["DIALECT"]

DIALECT = Dialect("gemini", quirks_from, encode, decode, decode_stream, decode_models, next_page=next_page)
