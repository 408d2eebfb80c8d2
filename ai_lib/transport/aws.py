"""Signatures with AWS credentials (Signature Version 4), made by botocore.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import os
import re
import threading
from typing import Any
from urllib.parse import urlsplit

import attrs

from ai_lib.errors import AuthenticationError, ConfigurationError, MissingKeyError
from ai_lib.types.wire import HttpRequest

__all__ = ["AwsSigner"]

_HINT = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run `aws sso login`; "
    "or set AWS_BEARER_TOKEN_BEDROCK to a Bedrock API key"
)
# The label of a host name that is a region: us-east-1, eu-isoe-west-1, us-gov-west-1.
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+")
_REGION_ENV = ("AWS_REGION", "AWS_DEFAULT_REGION")
# The headers of a signature; those that a request already had are replaced.
_SIGNATURE_HEADERS = ("authorization", "x-amz-date", "x-amz-security-token")


class AwsSigner:
    """Returns each request with a signature. Safe to share between threads.

    Credentials come from the places where AWS's own tools look (variables, profiles, SSO, the machine's role), and are
    renewed before they expire. The region is the one in the request's host, else that of AWS_REGION,
    AWS_DEFAULT_REGION or the profile.

    Args:
        service: The service's name in signatures, such as "bedrock".

    Raises:
        ConfigurationError: The package botocore is not installed.
    """

    def __init__(self, service: str) -> None:
        self.service = service
        self._session: Any = None
        self._credentials: Any = None
        self._lock = threading.Lock()
        try:
            import botocore.session  # noqa: F401
        except ImportError as exc:
            raise ConfigurationError(
                'AWS credentials need the package botocore: pip install "ai-lib[aws]"; '
                "or set AWS_BEARER_TOKEN_BEDROCK to a Bedrock API key, which needs no package",
                code="missing_package",
            ) from exc

    def __call__(self, request: HttpRequest) -> HttpRequest:
        """Return the request with a signature.

        Raises:
            AuthenticationError: There are no credentials, or botocore cannot use them.
            ConfigurationError: Neither the host nor the environment names a region.
        """
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError

        try:
            with self._lock:
                credentials = self._load_credentials()
                region = self._region_of(request.url)
            # Only what no transport changes is signed: the host, the date and the content.
            content_type = {name: value for name, value in request.headers.items() if name.lower() == "content-type"}
            signed = AWSRequest(request.method, request.url, headers=content_type, data=request.body or b"")
            SigV4Auth(credentials, self.service, region).add_auth(signed)
        except BotoCoreError as exc:
            raise AuthenticationError(
                f"AWS credentials cannot be used: {exc}", code="bad_credentials", hint=_HINT
            ) from exc
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _SIGNATURE_HEADERS}
        headers |= {name: value for name, value in signed.headers.items() if name.lower() in _SIGNATURE_HEADERS}
        return attrs.evolve(request, headers=headers)

    def _load_credentials(self) -> Any:
        if self._session is None:
            import botocore.session

            self._session = botocore.session.Session()
        if self._credentials is None:
            self._credentials = self._session.get_credentials()
        if self._credentials is None:
            raise MissingKeyError("no AWS credentials found", code="missing_api_key", hint=_HINT)
        return self._credentials.get_frozen_credentials()

    def _region_of(self, url: str) -> str:
        host = urlsplit(url).hostname or ""
        candidates = (*filter(_REGION.fullmatch, host.split(".")), *map(os.environ.get, _REGION_ENV))
        region: str | None = next(filter(None, candidates), None) or self._session.get_config_variable("region")
        if not region:
            raise ConfigurationError(
                f"the host {host} names no AWS region; set {' or '.join(_REGION_ENV)}", code="missing_region"
            )
        return region

    def __reduce__(self) -> tuple[type[AwsSigner], tuple[str]]:
        return AwsSigner, (self.service,)  # the copy looks up its own credentials, maybe on another machine
