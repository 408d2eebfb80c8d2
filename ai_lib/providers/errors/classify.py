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

__all__ = ["classify"]

# Codes and types that mean the same wherever they occur. A provider's own (bare numbers and the like) are in
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
    # AWS, in the header x-amzn-errortype and in streams. ValidationException is not here: its text may know better.
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

# Codes that only repeat the status' own meaning: the text below may know better.
_VAGUE = frozenset({InvalidRequestError, PermissionDeniedError, AiLibError})

# Last resort, only on 400, 403 and 413: providers that have no code for these two.
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
        message: The provider's text; its words, and those inside the codes, are looked at last, and only where status
            and codes say no more than "bad request".
        table: The provider's own codes, which win over the general ones, and statuses that mean something else there.
    """
    for code in codes:
        known = (table or {}).get(code) or _BY_CODE.get(code.lower())
        # A request that is too large stays so, however long one waits, even where the code speaks of a rate.
        if known is not None and not (status == 413 and known is RateLimitError):
            return known
    if table is not None and str(status) in table:
        return table[str(status)]
    if status is None:
        found: type[AiLibError] = ProviderError
    elif status >= 500:
        found = _BY_STATUS.get(status, ProviderError)
    else:
        found = _BY_STATUS.get(status, InvalidRequestError if status >= 400 else ProviderError)
    if found in _VAGUE or status is None:
        text = " ".join((message, *codes)).lower()
        if any(words in text for words in _CONTEXT_WORDS):
            return ContextLengthError
        if any(words in text for words in _FILTER_WORDS):
            return ContentFilterError
    return found
