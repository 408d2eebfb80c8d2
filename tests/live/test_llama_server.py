"""The same engine as an ordinary server: an address, a key, the provider `llamacpp`."""

import pytest

from ai_lib import AiClient, AuthenticationError, ConnectionOptions
from ai_lib.transport import embedded

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def address(local: AiClient) -> tuple[str, str]:
    """The address and the key of the session's server."""
    local.chat("Say hi", max_tokens=1)
    server: embedded._Server = local._core.connection.transport._server
    return server.url + "/v1", server.api_key


def test_a_server_with_a_key_is_reached_by_its_address(address):
    url, key = address

    client = AiClient("llamacpp", model="any", options=ConnectionOptions(base_url=url, api_key=key))

    assert client.chat("Say hi", max_tokens=4).provider == "llamacpp"
    assert client.stream("Say hi", max_tokens=4).final_response().usage.completion_tokens > 0


def test_a_wrong_key_is_an_authentication_error_that_does_not_show_it(address):
    client = AiClient("llamacpp", model="any", options=ConnectionOptions(base_url=address[0], api_key="canary-wrong"))

    with pytest.raises(AuthenticationError, match="llamacpp 401: Invalid API Key") as caught:
        client.chat("Say hi")
    assert "canary-wrong" not in str(caught.value)
