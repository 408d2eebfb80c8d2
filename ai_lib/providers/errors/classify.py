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

# Codes and types that mean the same wherever they occur, in lower case. Those of one provider only (bare numbers, for
# example) are in its configuration.
_CODES: dict[type[AiLibError], tuple[str, ...]] = {
    AuthenticationError: (
        *("authentication_error", "api_key_invalid", "invalid_api_key", "invalid_authentication"),
        "wrong_api_key",
    ),
    PermissionDeniedError: ("permission_error", "permission_denied"),
    QuotaExceededError: (
        *("billing_error", "billing_hard_limit_reached", "credit_balance_exhausted"),
        *("enforced_spend_limit_reached", "exceeded_current_quota_error", "insufficient_quota"),
        *("payment_required", "quotaexceeded", "setlimitexceeded"),
    ),
    OverloadedError: (
        *("engine_overloaded_error", "overloaded", "overloaded_error", "serveroverloaded"),
        "service_unavailable",
    ),
    RateLimitError: ("rate_limit_error", "rate_limit_exceeded", "rate_limit_reached_error", "rate_limited"),
    ContextLengthError: ("context_length_exceeded", "exceed_context_size_error", "tokens_too_long"),
    ContentFilterError: (
        *("content_filter", "content_policy_violation", "data_inspection_failed"),
        "responsibleaipolicyviolation",
    ),
    ModelNotFoundError: ("model_decommissioned", "model_not_found", "not_found_error"),
    InvalidRequestError: ("string_above_max_length",),
}
# AWS, in the header x-amzn-errortype and in streams. ValidationException is missing: its text may say more.
# https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
_AWS_CODES: dict[type[AiLibError], tuple[str, ...]] = {
    AuthenticationError: (
        *("expiredtoken", "expiredtokenexception", "incompletesignature", "incompletesignatureexception"),
        *("invalidclienttokenid", "invalidsignatureexception", "missingauthenticationtoken"),
        *("missingauthenticationtokenexception", "signaturedoesnotmatch", "unrecognizedclientexception"),
    ),
    PermissionDeniedError: ("accessdeniedexception",),
    QuotaExceededError: ("servicequotaexceededexception",),
    OverloadedError: ("modelnotreadyexception", "serviceunavailableexception"),
    RateLimitError: ("throttlingexception", "toomanyrequestsexception"),
    ModelNotFoundError: ("resourcenotfoundexception", "unknownoperationexception"),
    ProviderError: (
        *("internalfailure", "internalserverexception", "modelerrorexception", "modelstreamerrorexception"),
        "modeltimeoutexception",
    ),
}
_BY_CODE = {code: error for table in (_CODES, _AWS_CODES) for error, codes in table.items() for code in codes}

_STATUSES: dict[type[AiLibError], tuple[int, ...]] = {
    InvalidRequestError: (400, 413, 422),
    AuthenticationError: (401,),
    QuotaExceededError: (402,),
    PermissionDeniedError: (403,),
    ModelNotFoundError: (404,),
    ProviderError: (408, 409, 424, 425),
    RateLimitError: (429,),
    ContentFilterError: (451,),
    OverloadedError: (498, 503, 529),
}
_BY_STATUS = {status: error for error, statuses in _STATUSES.items() for status in statuses}

# Classes that say no more than the status does: the words below may say more.
_VAGUE = frozenset({InvalidRequestError, PermissionDeniedError, AiLibError})

# The last resort, only for classes in _VAGUE: some providers have no code for these two.
_CONTEXT_WORDS = (
    "maximum context length",
    "exceed context limit",
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
    status: int | None, codes: tuple[str, ...] = (), message: str = "", table: dict[str, type[AiLibError]] | None = None
) -> type[AiLibError]:
    """Return the exception class for a provider's error.

    Args:
        status: The HTTP status, or the one that the error object names; None when there is none.
        codes: The error object's code, type and status fields, most specific first.
        message: The provider's text; its words and those in the codes count only where all else says "bad request".
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
