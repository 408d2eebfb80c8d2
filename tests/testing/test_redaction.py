"""Keys that are masked in what is kept."""

from ai_lib.testing.redaction import is_secret


def test_idempotency_keys_are_not_secrets():
    assert not is_secret("Idempotency-Key")
    assert is_secret("accessToken")
