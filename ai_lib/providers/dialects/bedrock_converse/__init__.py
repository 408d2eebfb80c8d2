"""Amazon Bedrock's Converse API, one format for the models of many makers.

Sources: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, API_runtime_ConverseStream,
and the service model in botocore (bedrock-runtime 2023-09-30), which the tests check our bodies against.
"""

from ai_lib.providers.dialect import Dialect
from ai_lib.providers.dialects.bedrock_converse.decode import decode
from ai_lib.providers.dialects.bedrock_converse.encode import encode
from ai_lib.providers.dialects.bedrock_converse.models import decode_models
from ai_lib.providers.dialects.bedrock_converse.quirks import quirks_from
from ai_lib.providers.dialects.bedrock_converse.stream import decode_stream

__all__ = ["DIALECT"]

DIALECT = Dialect("bedrock_converse", quirks_from, encode, decode, decode_stream, decode_models, framing="eventstream")
