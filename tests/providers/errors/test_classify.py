"""What each provider's failures are: its status, its body, its headers, and the class that users catch."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_lib.errors import (
    AiLibError,
    AuthenticationError,
    ContentFilterError,
    ContextLengthError,
    InvalidRequestError,
    ModelNotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    QuotaExceededError,
    RateLimitError,
)
from ai_lib.providers.errors.classify import classify
from ai_lib.types.wire import HttpResponse
from tests.support.wire_cases import adapter_for


def openai(message: str = "m", code: Any = None, kind: Any = None, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code, **more}}


def anthropic(kind: str, message: str = "m") -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}


def google(code: int, status: str, message: str = "m", details: Any = ()) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


PER_DAY = {"@type": "type.googleapis.com/google.rpc.QuotaFailure",
           "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}  # fmt: skip
PER_MINUTE = {"@type": "type.googleapis.com/google.rpc.QuotaFailure",
              "violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]}  # fmt: skip
BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
UNFILLED = {"x-ratelimit-limit-requests": "0", "x-ratelimit-remaining-requests": "-1"}
NO_PLAN = {"x-ratelimit-limit-req-minute": "0"}

# (provider, status, body, headers, class)
DECISIONS: list[tuple[str, int, Any, dict[str, str], type[AiLibError]]] = [
    ("openai", 401, openai(code="invalid_api_key"), {}, AuthenticationError),
    ("openai", 429, openai(code="insufficient_quota"), {}, QuotaExceededError),
    ("openai", 429, openai(code="credit_balance_exhausted"), {}, QuotaExceededError),
    ("openai", 429, openai(code="rate_limit_exceeded", kind="tokens"), {}, RateLimitError),
    ("openai", 400, openai(code="context_length_exceeded"), {}, ContextLengthError),
    ("openai", 400, openai("Input tokens exceed the configured limit of 272000"), {}, ContextLengthError),
    ("openai", 400, openai(code="content_policy_violation"), {}, ContentFilterError),
    ("openai", 400, openai(code="cyber_policy"), {}, ContentFilterError),
    ("openai", 400, openai("Request rejected as a result of our safety system"), {}, ContentFilterError),
    ("openai", 404, openai(code="model_not_found"), {}, ModelNotFoundError),
    ("openai", 400, openai("expected a string with maximum length 64", "string_above_max_length"), {}, InvalidRequestError),
    ("openai", 503, openai("overloaded"), {}, OverloadedError),
    ("azure_openai", 400, openai(code="content_filter", innererror={"code": "ResponsibleAIPolicyViolation"}), {},
     ContentFilterError),
    ("azure_openai", 404, openai(code="DeploymentNotFound"), {}, ModelNotFoundError),
    ("azure_openai", 429, openai(code="429"), UNFILLED, RateLimitError),
    ("anthropic", 401, anthropic("authentication_error"), {}, AuthenticationError),
    ("anthropic", 402, anthropic("billing_error"), {}, QuotaExceededError),
    ("anthropic", 403, anthropic("permission_error"), {}, PermissionDeniedError),
    ("anthropic", 404, anthropic("not_found_error"), {}, ModelNotFoundError),
    ("anthropic", 413, anthropic("request_too_large"), {}, InvalidRequestError),
    ("anthropic", 429, anthropic("rate_limit_error"), {}, RateLimitError),
    ("anthropic", 400, anthropic("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"), {},
     ContextLengthError),
    ("anthropic", 400, anthropic("invalid_request_error", "Output blocked by content filtering policy"), {},
     ContentFilterError),
    ("anthropic", 500, anthropic("api_error"), {}, ProviderError),
    ("anthropic", 529, anthropic("overloaded_error"), {}, OverloadedError),
    ("gemini", 400, google(400, "INVALID_ARGUMENT", details=[BAD_KEY]), {}, AuthenticationError),
    ("gemini", 429, google(429, "RESOURCE_EXHAUSTED", details=[PER_DAY]), {}, QuotaExceededError),
    ("gemini", 429, google(429, "RESOURCE_EXHAUSTED", details=[PER_MINUTE]), {}, RateLimitError),
    ("gemini", 400, google(400, "INVALID_ARGUMENT", "The input token count (2) exceeds the maximum number of tokens allowed (1)."),
     {}, ContextLengthError),
    ("gemini", 403, google(403, "PERMISSION_DENIED"), {}, PermissionDeniedError),
    ("gemini", 404, google(404, "NOT_FOUND"), {}, ModelNotFoundError),
    ("gemini", 503, google(503, "UNAVAILABLE"), {}, OverloadedError),
    ("vertex", 401, google(401, "UNAUTHENTICATED"), {}, AuthenticationError),
    ("vertex", 429, [google(429, "RESOURCE_EXHAUSTED")], {}, RateLimitError),
    ("groq", 413, openai("Request too large for model `x` on tokens per minute", "rate_limit_exceeded", "tokens"), {},
     ContextLengthError),
    ("groq", 400, openai(code="model_decommissioned"), {}, ModelNotFoundError),
    ("groq", 400, openai(code="tool_use_failed"), {}, ProviderError),
    ("groq", 498, openai(code="capacity_exceeded"), {}, OverloadedError),
    ("mistral", 401, {"message": "Unauthorized", "request_id": "r"}, {}, AuthenticationError),
    ("mistral", 429, {"object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "code": "1300"}, {},
     RateLimitError),
    ("mistral", 429, {"object": "error", "message": "Rate limit exceeded", "code": "1300"}, NO_PLAN, QuotaExceededError),
    ("mistral", 422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "x"], "msg": "m"}]}, {}, InvalidRequestError),
    ("cohere", 401, {"message": "invalid api token"}, {}, AuthenticationError),
    ("cohere", 402, {"message": "billing limit"}, {}, QuotaExceededError),
    ("cohere", 429, {"message": "trial key"}, {}, RateLimitError),
    ("cohere", 498, {"message": "invalid token"}, {}, AuthenticationError),
    ("cohere", 400, {"message": "too many tokens: the total number of tokens in the prompt exceeds the limit"}, {},
     ContextLengthError),
    ("deepseek", 402, openai("Insufficient Balance"), {}, QuotaExceededError),
    ("xai", 400, {"code": "Client specified an invalid argument", "error": "m"}, {}, InvalidRequestError),
    ("huggingface", 402, {"error": "You have exceeded your monthly included credits"}, {}, QuotaExceededError),
    ("huggingface", 400, {"error": "`inputs` tokens + `max_new_tokens` must be <= 4097"}, {}, ContextLengthError),
    ("together", 402, openai(), {}, QuotaExceededError),
    ("openrouter", 402, openai(code=402), {}, QuotaExceededError),
    ("openrouter", 403, openai(code=403, metadata={"reasons": ["violence"]}), {}, ContentFilterError),
    ("openrouter", 403, openai(code=403), {}, PermissionDeniedError),
    ("openrouter", 400, openai(code=400, metadata={"provider_code": "context_length_exceeded"}), {}, ContextLengthError),
    ("openrouter", 502, openai(code=502), {}, ProviderError),
    ("replicate", 402, {"title": "Insufficient credit", "detail": "m", "status": 402}, {}, QuotaExceededError),
    ("replicate", 429, {"detail": "Request was throttled. Your rate limit resets in ~30s.", "status": 429}, {}, RateLimitError),
    ("ai21", 422, {"detail": [{"msg": "m", "type": "t"}]}, {}, InvalidRequestError),
    ("qwen", 400, openai(code="data_inspection_failed"), {}, ContentFilterError),
    ("baidu", 400, openai(code="tokens_too_long"), {}, ContextLengthError),
    ("baidu", 403, openai(code="system_unsafe"), {}, ContentFilterError),
    ("baidu", 401, openai(code="invalid_iam_token"), {}, AuthenticationError),
    ("baidu", 429, openai(code="rpm_rate_limit_exceeded"), {}, RateLimitError),
    ("baidu", 500, openai(code="internal_error"), {}, ProviderError),
    ("iflytek", 200, {"code": 11200, "message": "m", "sid": "s"}, {}, PermissionDeniedError),
    ("iflytek", 200, {"code": 11202, "message": "m", "sid": "s"}, {}, RateLimitError),
    ("moonshot", 429, openai(kind="exceeded_current_quota_error"), {}, QuotaExceededError),
    ("moonshot", 429, openai(kind="engine_overloaded_error"), {}, OverloadedError),
    ("moonshot", 429, openai(kind="rate_limit_reached_error"), {}, RateLimitError),
    ("moonshot", 400, openai("The request was rejected because it was considered high risk", kind="content_filter"), {},
     ContentFilterError),
    ("zhipu", 429, openai(code="1113"), {}, QuotaExceededError),
    ("zhipu", 429, openai(code="1305"), {}, OverloadedError),
    ("zhipu", 429, openai(code="1302"), {}, RateLimitError),
    ("zhipu", 400, openai("Prompt exceeds max length", "1261"), {}, ContextLengthError),
    ("zhipu", 400, openai(code="1301"), {}, ContentFilterError),
    ("zai", 429, openai(code="1113"), {}, QuotaExceededError),
    ("minimax", 200, {"base_resp": {"status_code": 1008, "status_msg": "m"}}, {}, QuotaExceededError),
    ("minimax", 200, {"base_resp": {"status_code": 2049, "status_msg": "m"}}, {}, AuthenticationError),
    ("minimax", 200, {"base_resp": {"status_code": 1027, "status_msg": "m"}}, {}, ContentFilterError),
    ("minimax", 200, {"base_resp": {"status_code": 2056, "status_msg": "m"}}, {}, QuotaExceededError),
    ("bedrock", 400, {"message": "m"}, {"x-amzn-errortype": "ValidationException:http://x/"}, InvalidRequestError),
    ("bedrock", 400, {"message": "Input is too long for requested model."}, {"x-amzn-errortype": "ValidationException"},
     ContextLengthError),
    ("bedrock", 429, {"message": "Too many requests"}, {"x-amzn-errortype": "ThrottlingException"}, RateLimitError),
    ("bedrock", 400, {"message": "m"}, {"x-amzn-errortype": "ServiceQuotaExceededException"}, QuotaExceededError),
    ("bedrock", 403, {"Message": "m"}, {"x-amzn-errortype": "AccessDeniedException"}, PermissionDeniedError),
    ("bedrock", 403, {"message": "m"}, {"x-amzn-errortype": "UnrecognizedClientException"}, AuthenticationError),
    ("bedrock", 404, {"message": "m"}, {"x-amzn-errortype": "ResourceNotFoundException"}, ModelNotFoundError),
    ("bedrock", 429, {"message": "m"}, {"x-amzn-errortype": "ModelNotReadyException"}, OverloadedError),
    ("bedrock", 503, {"message": "m"}, {"x-amzn-errortype": "ServiceUnavailableException"}, OverloadedError),
    ("bedrock", 424, {"message": "m"}, {"x-amzn-errortype": "ModelErrorException"}, ProviderError),
    ("cerebras", 402, {"message": "m", "type": "payment_required_error", "code": "payment_required"}, {}, QuotaExceededError),
    ("cerebras", 400, {"message": "Current length is 9000 while limit is 8192", "code": "context_length_exceeded"}, {},
     ContextLengthError),
    ("fireworks", 412, {"error": "Account is suspended"}, {}, QuotaExceededError),
    ("fireworks", 402, {"error": "m"}, {}, QuotaExceededError),
    ("sambanova", 402, openai(code="PAYMENT_METHOD_REQUIRED"), {}, QuotaExceededError),
    ("nebius", 402, {"detail": "m"}, {}, QuotaExceededError),
    ("novita", 401, {"code": 401, "reason": "FAILED_TO_AUTH", "message": "m"}, {}, AuthenticationError),
    ("novita", 404, {"code": 404, "reason": "MODEL_NOT_FOUND", "message": "m"}, {}, ModelNotFoundError),
    ("siliconflow", 403, {"code": 30001, "message": "balance"}, {}, QuotaExceededError),
    ("volcengine", 429, openai(code="QuotaExceeded"), {}, QuotaExceededError),
    ("volcengine", 429, openai(code="SetLimitExceeded"), {}, QuotaExceededError),
    ("volcengine", 429, openai(code="ServerOverloaded"), {}, OverloadedError),
    ("volcengine", 400, openai(code="InputTextSensitiveContentDetected"), {}, ContentFilterError),
    ("stepfun", 451, openai("m"), {}, ContentFilterError),
    ("stepfun", 402, openai("m"), {}, QuotaExceededError),
    ("cloudflare", 403, {"success": False, "errors": [{"code": 5016, "message": "licence"}]}, {}, PermissionDeniedError),
    ("vllm", 400, openai("This model's maximum context length is 4096 tokens", 400, "BadRequestError"), {}, ContextLengthError),
    ("llamacpp", 400, openai("the request exceeds the available context size", 400, "exceed_context_size_error"), {},
     ContextLengthError),
    ("voyage", 429, {"detail": "m"}, {}, RateLimitError),
    ("perplexity", 401, {"error": {"message": "m", "code": 401}}, {}, AuthenticationError),
    ("ollama", 404, {"error": "model 'x' not found"}, {}, ModelNotFoundError),
]  # fmt: skip


@pytest.mark.parametrize(
    ("provider", "status", "body", "headers", "kind"),
    DECISIONS,
    ids=lambda value: (
        json.dumps(value)[:60] if isinstance(value, dict | list) else getattr(value, "__name__", str(value))
    ),
)
def test_a_failure_has_the_class_that_says_what_to_do(
    provider: str, status: int, body: Any, headers: dict[str, str], kind: type[AiLibError]
) -> None:
    response = HttpResponse(status=status, headers=headers, body=json.dumps(body).encode())

    with pytest.raises(AiLibError) as caught:
        adapter_for(provider).decode(response)

    assert type(caught.value) is kind
    assert caught.value.provider == provider
    assert caught.value.retryable is (kind in (RateLimitError, OverloadedError, ProviderError))


@pytest.mark.parametrize(
    ("status", "codes", "message", "expected"),
    [
        (429, ("rate_limit_exceeded",), "", RateLimitError),
        (429, ("insufficient_quota",), "", QuotaExceededError),
        (429, ("engine_overloaded_error",), "", OverloadedError),
        (400, ("context_length_exceeded",), "", ContextLengthError),
        (400, ("invalid_request_error",), "This model's maximum context length is 8192 tokens", ContextLengthError),
        (400, ("string_above_max_length",), "expected a string with maximum length 10", InvalidRequestError),
        (400, ("invalid_request_error",), "temperature is too high", InvalidRequestError),
        (403, (), "Input rejected as a result of our safety system", ContentFilterError),
        (404, ("model_not_found",), "", ModelNotFoundError),
        (402, (), "", QuotaExceededError),
        (503, (), "", OverloadedError),
        (529, (), "", OverloadedError),
        (500, (), "too many tokens", ProviderError),
        (418, (), "", InvalidRequestError),
        (None, (), "", ProviderError),
        (None, ("CONTEXT_LENGTH_EXCEEDED",), "", ContextLengthError),
    ],
)
def test_an_error_is_classified_by_code_then_status_and_by_words_only_at_last(status, codes, message, expected):
    assert classify(status, codes, message) is expected


AWS = [
    (403, "UnrecognizedClientException", AuthenticationError),
    (403, "ExpiredTokenException", AuthenticationError),
    (403, "InvalidSignatureException", AuthenticationError),
    (403, "AccessDeniedException", PermissionDeniedError),
    (400, "ServiceQuotaExceededException", QuotaExceededError),
    (429, "ModelNotReadyException", OverloadedError),
    (503, "ServiceUnavailableException", OverloadedError),
    (429, "ThrottlingException", RateLimitError),
    (404, "ResourceNotFoundException", ModelNotFoundError),
    (500, "InternalServerException", ProviderError),
    (424, "ModelErrorException", ProviderError),
    (424, "ModelStreamErrorException", ProviderError),
    (408, "ModelTimeoutException", ProviderError),
]


@pytest.mark.parametrize(("status", "code", "expected"), AWS)
def test_a_name_that_aws_gives_an_error_counts_with_its_status_and_in_a_stream_without(status, code, expected):
    in_stream = code[0].lower() + code[1:]

    assert classify(status, (code,), "") is expected
    assert classify(None, (in_stream,), "") is expected


def test_a_validation_error_of_aws_leaves_it_to_the_words_whether_the_prompt_was_too_long():
    said = "Too many input tokens. Max input tokens: 8192"

    assert classify(400, ("ValidationException",), said) is ContextLengthError
    assert classify(400, ("ValidationException",), "temperature is wrong") is InvalidRequestError


def test_a_providers_own_code_wins_over_the_general_ones():
    assert classify(429, ("1113",), "", {"1113": QuotaExceededError}) is QuotaExceededError


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503])
def test_the_words_of_a_message_do_not_change_the_class_of_other_failures(status):
    plain = classify(status, (), "failed")

    assert classify(status, (), "authentication rate limit quota timeout overloaded") is plain
