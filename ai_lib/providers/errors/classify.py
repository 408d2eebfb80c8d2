"""The decision table for a provider's error: its code first where it is specific, then the status, words last."""

from __future__ import annotations

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

__all__ = ["ERROR_KINDS", "classify"]

ERROR_KINDS: dict[str, type[AiLibError]] = {
    "authentication": AuthenticationError,
    "content_filter": ContentFilterError,
    "context_length": ContextLengthError,
    "invalid_request": InvalidRequestError,
    "model_not_found": ModelNotFoundError,
    "overloaded": OverloadedError,
    "permission": PermissionDeniedError,
    "provider": ProviderError,
    "quota": QuotaExceededError,
    "rate_limit": RateLimitError,
}
"""The names that configurations use for the classes of error."""

# Codes and types that mean the same wherever they occur. Those of one provider only (bare numbers, for example) are in
# its configuration. Keys are lower case.
_BY_CODE: dict[str, type[AiLibError]] = {
    "authentication_error": AuthenticationError,
    "api_key_invalid": AuthenticationError,
    "invalid_api_key": AuthenticationError,
    "invalid_authentication": AuthenticationError,
    "wrong_api_key": AuthenticationError,
    "permission_error": PermissionDeniedError,
    "permission_denied": PermissionDeniedError,
    "billing_error": QuotaExceededError,
    "billing_hard_limit_reached": QuotaExceededError,
    "credit_balance_exhausted": QuotaExceededError,
    "enforced_spend_limit_reached": QuotaExceededError,
    "exceeded_current_quota_error": QuotaExceededError,
    "insufficient_quota": QuotaExceededError,
    "payment_required": QuotaExceededError,
    "quotaexceeded": QuotaExceededError,
    "setlimitexceeded": QuotaExceededError,
    "engine_overloaded_error": OverloadedError,
    "overloaded": OverloadedError,
    "overloaded_error": OverloadedError,
    "serveroverloaded": OverloadedError,
    "service_unavailable": OverloadedError,
    "rate_limit_error": RateLimitError,
    "rate_limit_exceeded": RateLimitError,
    "rate_limit_reached_error": RateLimitError,
    "rate_limited": RateLimitError,
    "context_length_exceeded": ContextLengthError,
    "exceed_context_size_error": ContextLengthError,
    "tokens_too_long": ContextLengthError,
    "content_filter": ContentFilterError,
    "content_policy_violation": ContentFilterError,
    "data_inspection_failed": ContentFilterError,
    "responsibleaipolicyviolation": ContentFilterError,
    "model_decommissioned": ModelNotFoundError,
    "model_not_found": ModelNotFoundError,
    "not_found_error": ModelNotFoundError,
    "string_above_max_length": InvalidRequestError,
    # AWS, in the header x-amzn-errortype and in streams. ValidationException is missing: its text may say more.
    # https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
    "expiredtoken": AuthenticationError,
    "expiredtokenexception": AuthenticationError,
    "incompletesignature": AuthenticationError,
    "incompletesignatureexception": AuthenticationError,
    "invalidclienttokenid": AuthenticationError,
    "invalidsignatureexception": AuthenticationError,
    "missingauthenticationtoken": AuthenticationError,
    "missingauthenticationtokenexception": AuthenticationError,
    "signaturedoesnotmatch": AuthenticationError,
    "unrecognizedclientexception": AuthenticationError,
    "accessdeniedexception": PermissionDeniedError,
    "servicequotaexceededexception": QuotaExceededError,
    "modelnotreadyexception": OverloadedError,
    "serviceunavailableexception": OverloadedError,
    "throttlingexception": RateLimitError,
    "toomanyrequestsexception": RateLimitError,
    "resourcenotfoundexception": ModelNotFoundError,
    "unknownoperationexception": ModelNotFoundError,
    "internalfailure": ProviderError,
    "internalserverexception": ProviderError,
    "modelerrorexception": ProviderError,
    "modelstreamerrorexception": ProviderError,
    "modeltimeoutexception": ProviderError,
}

_BY_STATUS: dict[int, type[AiLibError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    402: QuotaExceededError,
    403: PermissionDeniedError,
    404: ModelNotFoundError,
    408: ProviderError,
    409: ProviderError,
    413: InvalidRequestError,
    422: InvalidRequestError,
    424: ProviderError,
    425: ProviderError,
    429: RateLimitError,
    451: ContentFilterError,
    498: OverloadedError,
    503: OverloadedError,
    529: OverloadedError,
}

# Classes that say no more than the status does: the words below may say more.
_VAGUE = frozenset({InvalidRequestError, PermissionDeniedError, AiLibError})

# The last resort, only for classes in _VAGUE: some providers have no code for these two.
_CONTEXT_WORDS = (
    "maximum context length",
    "exceed context limit",
    "requested token count exceeds the model's maximum context length",
    "model's maximum context limit",
    "is longer than the model's context length",
    "is longer than the context length",
    "input length exceeds the context length",
    "input tokens exceed the configured limit",
    "`inputs` tokens + `max_new_tokens` must be",
    "exceeds the available context size",
    "exceeds the maximum number of tokens allowed",
    "prompt is too long",
    "input is too long",
    "prompt exceeds max length",
    "too many tokens",
    "too many input tokens",
    "current length is",
    "maximum input length is",
    "context length exceeded",
    "request too large for model",
)
_FILTER_WORDS = (
    "output blocked by content filtering policy",
    "rejected as a result of our safety system",
    "considered high risk",
    "system_unsafe",
    "sensitivecontentdetected",
)


def classify(
    status: int | None,
    codes: tuple[str, ...] = (),
    message: str = "",
    table: dict[str, type[AiLibError]] | None = None,
) -> type[AiLibError]:
    """Return the exception class for a provider's error.

    Args:
        status: The HTTP status, or the one that the error object names; None when there is none.
        codes: The error object's code, type and status fields, most specific first.
        message: The provider's text. Its words and those inside the codes come last, and count only where status and
            codes say no more than "bad request".
        table: The provider's own codes and statuses, which win over the general ones.
    """
    table = table or {}
    for code in codes:
        known = table.get(code) or _BY_CODE.get(code.lower())
        # A request that is too large stays too large however long one waits, even where the code mentions a rate.
        if known is not None and not (status == 413 and known is RateLimitError):
            return known
    if str(status) in table:
        return table[str(status)]
    by_status: type[AiLibError] = ProviderError
    if status is not None:
        by_status = _BY_STATUS.get(status, InvalidRequestError if 400 <= status < 500 else ProviderError)
    if status is None or by_status in _VAGUE:
        text = " ".join((message, *codes)).lower()
        if any(words in text for words in _CONTEXT_WORDS):
            return ContextLengthError
        if any(words in text for words in _FILTER_WORDS):
            return ContentFilterError
    return by_status
