"""Requests signed with the caller's AWS credentials (Signature Version 4), by botocore.

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

__all__ = ["Signer", "signer"]

_WITHOUT = "or set AWS_BEARER_TOKEN_BEDROCK to a Bedrock API key, which needs no package"
_HINT = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run `aws sso login`; "
    "or set AWS_BEARER_TOKEN_BEDROCK to a Bedrock API key"
)
# A label of a host name that is a region: us-east-1, eu-isoe-west-1, us-gov-west-1.
_REGION = r"[a-z]{2}(-[a-z]+)+-\d+"
_REGION_ENV = ("AWS_REGION", "AWS_DEFAULT_REGION")
# What a signature adds; what a request already had of these is not sent.
_SIGNED = ("authorization", "x-amz-date", "x-amz-security-token")


def signer(service: str) -> Signer:
    """Return what signs requests to a service.

    Args:
        service: The service's name in signatures, such as "bedrock".

    Raises:
        ConfigurationError: The package botocore is not installed.
    """
    return Signer(service)


class Signer:
    """Returns each request with a signature. Safe to share between threads.

    Credentials come from where AWS's own tools look for them (variables, profiles, SSO, the machine's role), and are
    renewed when they are about to expire. The region is the one in the request's host, else that of AWS_REGION,
    AWS_DEFAULT_REGION or the profile.

    Args:
        service: The service's name in signatures.
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
                f'AWS credentials need the package botocore: pip install "ai-lib[aws]"; {_WITHOUT}',
                code="missing_package",
            ) from exc

    def __call__(self, request: HttpRequest) -> HttpRequest:
        """Return the request, signed.

        Raises:
            AuthenticationError: There are no credentials, or they cannot be used.
            ConfigurationError: The region is not known.
        """
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError

        try:
            with self._lock:
                credentials = self._frozen()
                region = _region_in(request.url) or self._region()
            # Only what no transport changes is signed: the host, the date and the content.
            kept = {name: value for name, value in request.headers.items() if name.lower() == "content-type"}
            signed = AWSRequest(request.method, request.url, headers=kept, data=request.body or b"")
            SigV4Auth(credentials, self.service, region).add_auth(signed)
        except BotoCoreError as exc:
            raise AuthenticationError(
                f"AWS credentials cannot be used: {exc}", code="bad_credentials", hint=_HINT
            ) from exc
        ours = {name: value for name, value in request.headers.items() if name.lower() not in _SIGNED}
        added = {name: value for name, value in signed.headers.items() if name.lower() in _SIGNED}
        return attrs.evolve(request, headers={**ours, **added})

    def _frozen(self) -> Any:
        if self._session is None:
            import botocore.session

            self._session = botocore.session.Session()
        if self._credentials is None:
            self._credentials = self._session.get_credentials()
        if self._credentials is None:
            raise MissingKeyError("no AWS credentials were found", code="missing_api_key", hint=_HINT)
        return self._credentials.get_frozen_credentials()

    def _region(self) -> str:
        found = next((value for name in _REGION_ENV if (value := os.environ.get(name))), None)
        region: str | None = found or self._session.get_config_variable("region")
        if not region:
            raise ConfigurationError(
                f"the AWS region is not known: the host names none; set {' or '.join(_REGION_ENV)}",
                code="missing_region",
            )
        return region

    def __reduce__(self) -> tuple[type[Signer], tuple[str]]:
        return Signer, (self.service,)  # credentials are looked up anew where the copy is unpacked


def _region_in(url: str) -> str | None:
    labels = (urlsplit(url).hostname or "").split(".")
    return next((label for label in labels if re.fullmatch(_REGION, label)), None)
