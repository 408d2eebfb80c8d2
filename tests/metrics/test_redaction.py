"""Keys taken out of texts."""

import pytest

from ai_lib.metrics import redact


@pytest.mark.parametrize(
    "key",
    [
        "sk-abcdefghijklmnop",
        "sk-proj-Abc_123-xyz456",
        "sk-ant-api03-abcdef123456",
        "gsk_abcdefghij1234567890",
        "xai-abcdefghij1234567890",
        "AIzaSyA1234567890abcdefghijklmnopqrstu",
        "AKIAIOSFODNN7EXAMPLE",
        "hf_abcdefghij1234567890",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF_123",
    ],
)
@pytest.mark.parametrize("around", ["{}", "key={}", "My key is {}, yes", '{{"key": "{}"}}', "a\\n{}", "ü{}"])
def test_keys_are_masked(key, around):
    assert redact(around.format(key)) == around.format("***")


def test_the_word_bearer_stays():
    assert redact("authorization: Bearer abc123def") == "authorization: Bearer ***"


def test_a_private_key_is_masked():
    pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----"

    assert redact(pem) == "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text", ["task-management-system", "hf_hub_download_everything", "the bearer of news", "sk-learn", "disk-12345678"]
)
def test_other_words_stay(text):
    assert redact(text) == text


def test_email_addresses_are_masked_if_requested():
    assert redact("to ann@example.com") == "to ann@example.com"
    assert redact("to ann.b+c@mail.example.com.", emails=True) == "to ***."
