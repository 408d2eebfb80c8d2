"""What is particular to generateContent: the parts, signatures, the tables of models, streams of arguments."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_lib.connection.options import ConnectionOptions, base_url_of
from ai_lib.errors import AiLibError, InvalidRequestError, InvalidResponseError, UnsupportedFeatureError
from ai_lib.providers.registry import get_config
from ai_lib.types.content import Audio, Document, Image, Json, Text
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest, ResponseFormat
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.tool import Tool, ToolCall
from ai_lib.types.wire import HttpResponse
from tests.support.scenarios import ADD, GET_TIME, PDF, PNG, WAV
from tests.support.wire_cases import adapter_for, fold, replay_events

PRO_3, FLASH_38, FLASH_25, PRO_25 = "gemini-3.1-pro-preview", "gemini-3.8-flash", "gemini-2.5-flash", "gemini-2.5-pro"
STAND_IN = "skip_thought_signature_validator"
INLINE_PNG = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
CALL = ToolCall("c1", "get_time", '{"zone":"UTC"}')
CALLED = Message.assistant(tool_calls=[CALL])


def prepared(
    messages: Any, *, model: str = FLASH_25, provider: str = "gemini", **fields: Any
) -> tuple[dict[str, Any], list[str]]:
    """Return the body, and the names of what was left out."""
    request = ChatCompletionRequest(model=model, messages=messages, **fields)
    sent, left_out = adapter_for(provider).chat_request(request, stream=False, on_unsupported="drop")
    assert sent.body is not None
    return json.loads(sent.body), [note.partition(":")[0] for note in left_out]


def body_of(messages: Any, **fields: Any) -> dict[str, Any]:
    body, left_out = prepared(messages, **fields)
    assert left_out == []
    return body


def parts_of(*messages: Message, **fields: Any) -> list[dict[str, Any]]:
    """Return the parts of the last turn."""
    parts: list[dict[str, Any]] = body_of(messages, **fields)["contents"][-1]["parts"]
    return parts


def url_of(model: str, provider: str = "gemini", *, stream: bool = False) -> str:
    request = ChatCompletionRequest(model=model, messages="hi")
    return adapter_for(provider).chat_request(request, stream=stream)[0].url.removeprefix("http://x.invalid/v1")


def candidate(*parts: Any, finish: str | None = "STOP", **more: Any) -> dict[str, Any]:
    return {"content": {"role": "model", "parts": list(parts)}, "finishReason": finish, **more}


def answer(*parts: Any, provider: str = "gemini") -> ChatCompletionResponse:
    """Return the answer with these parts."""
    payload = {"candidates": [candidate(*parts)], "responseId": "r1"}
    return adapter_for(provider).decode(HttpResponse(status=200, body=json.dumps(payload).encode()))


def streamed(*events: Any, provider: str = "gemini") -> tuple[ChatCompletionResponse, AiLibError | None]:
    chunks, error = replay_events(adapter_for(provider), [json.dumps(event) for event in events])
    return fold(chunks), error


# --- addresses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "model", "path"),
    [
        ("gemini", "gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash"),
        ("gemini", "models/gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash"),
        ("gemini", "tunedModels/mine-1", "/v1beta/tunedModels/mine-1"),
        ("gemini", "a b?c", "/v1beta/models/a%20b%3Fc"),
        ("vertex", "gemini-2.5-flash", "/publishers/google/models/gemini-2.5-flash"),
        ("vertex", "publishers/meta/models/llama", "/publishers/meta/models/llama"),
        ("vertex", "endpoints/123", "/endpoints/123"),
    ],
)
def test_a_model_is_named_in_the_address_with_or_without_its_folder(provider: str, model: str, path: str) -> None:
    assert url_of(model, provider) == f"{path}:generateContent"
    assert url_of(model, provider, stream=True) == f"{path}:streamGenerateContent?alt=sse"


HOSTS = {
    None: "https://aiplatform.googleapis.com/v1/projects/p/locations/global",
    "us-central1": "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1",
    "eu": "https://aiplatform.eu.rep.googleapis.com/v1/projects/p/locations/eu",
    "us": "https://aiplatform.us.rep.googleapis.com/v1/projects/p/locations/us",
}


@pytest.mark.parametrize(("location", "url"), HOSTS.items())
def test_a_location_has_its_own_host(location: str | None, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    if location is not None:
        monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", location)

    assert base_url_of(get_config("vertex"), ConnectionOptions()) == url


def test_a_host_from_the_environment_gets_project_and_location(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    monkeypatch.setenv("GOOGLE_VERTEX_BASE_URL", "https://gateway.example.com")

    url = base_url_of(get_config("vertex"), ConnectionOptions())

    assert url == "https://gateway.example.com/v1/projects/p/locations/global"


def test_a_key_instead_of_a_project_has_another_address_and_header() -> None:
    config = get_config("vertex").with_api("express")

    assert base_url_of(config, ConnectionOptions()) == "https://aiplatform.googleapis.com/v1"
    assert (config.key_header, config.key_prefix, config.credentials) == ("x-goog-api-key", "", "")
    assert config.model_prefix == "publishers/google/models/"


# --- every field --------------------------------------------------------------------------------------------------

CONFIG = "generationConfig"
REACHES: dict[str, tuple[Any, tuple[str, ...], Any]] = {
    "temperature": (0.5, (CONFIG, "temperature"), 0.5),
    "top_p": (0.9, (CONFIG, "topP"), 0.9),
    "top_k": (40, (CONFIG, "topK"), 40),
    "max_tokens": (100, (CONFIG, "maxOutputTokens"), 100),
    "stop": ("END", (CONFIG, "stopSequences"), ["END"]),
    "seed": (7, (CONFIG, "seed"), 7),
    "n": (2, (CONFIG, "candidateCount"), 2),
    "presence_penalty": (0.1, (CONFIG, "presencePenalty"), 0.1),
    "frequency_penalty": (0.2, (CONFIG, "frequencyPenalty"), 0.2),
    "logprobs": (True, (CONFIG, "responseLogprobs"), True),
    "top_logprobs": (3, (CONFIG, "logprobs"), 3),
    "reasoning": (512, (CONFIG, "thinkingConfig"), {"thinkingBudget": 512, "includeThoughts": True}),
    "extensions": ({"cachedContent": "cachedContents/1"}, ("cachedContent",), "cachedContents/1"),
}
REFUSED: dict[str, Any] = {
    "logit_bias": {"50256": -100},
    "user": "u1",
    "metadata": {"team": "a"},
    "parallel_tool_calls": False,
}
FIELDS = {**{field: value for field, (value, _, _) in REACHES.items()}, **REFUSED}


@given(chosen=st.sets(st.sampled_from(sorted(FIELDS))))
def test_every_field_reaches_the_wire_or_is_refused(chosen: set[str]) -> None:
    body, left_out = prepared("hi", **{field: FIELDS[field] for field in chosen})

    assert sorted(left_out) == sorted(chosen & REFUSED.keys())
    for field in chosen & REACHES.keys():
        found: Any = body
        for step in REACHES[field][1]:
            found = found[step]
        assert found == REACHES[field][2]
    assert (CONFIG in body) == any(REACHES[field][1][0] == CONFIG for field in chosen & REACHES.keys())


def test_a_request_without_settings_has_only_its_contents() -> None:
    assert body_of("hi") == {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


def test_calls_in_parallel_are_what_the_model_does_anyway() -> None:
    assert "toolConfig" not in body_of("hi", tools=[ADD], parallel_tool_calls=True)


def test_tags_are_labels_where_the_service_keeps_them() -> None:
    assert body_of("hi", provider="vertex", metadata={"team": "a"})["labels"] == {"team": "a"}


@pytest.mark.parametrize("field", ["temperature", "top_p", "top_k"])
def test_newer_models_do_not_heed_how_to_sample(field: str) -> None:
    values = {"temperature": 0, "top_p": 0.5, "top_k": 3}

    assert prepared("hi", model=FLASH_38, **{field: values[field]})[1] == [field]
    assert prepared("hi", model="models/gemini-3.5-flash-lite", **{field: values[field]})[1] == [field]
    assert prepared("hi", model="gemini-3.5-flash", **{field: values[field]})[1] == []


def test_extensions_join_the_settings_and_never_replace_them() -> None:
    body = body_of("hi", seed=1, extensions={"generationConfig": {"responseModalities": ["TEXT"]}})

    assert body["generationConfig"] == {"seed": 1, "responseModalities": ["TEXT"]}
    with pytest.raises(InvalidRequestError, match="contents"):
        prepared("hi", extensions={"contents": []})


# --- turns and parts ----------------------------------------------------------------------------------------------


def test_neighbours_of_one_side_are_one_turn_and_instructions_stand_apart() -> None:
    body = body_of(
        [
            Message.system("Be brief."),
            Message.user("a"),
            Message.user("b"),
            CALLED,
            Message.tool("c1", "12:00"),
            Message.user("c"),
            Message.system("In English."),
        ]
    )

    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}, {"text": "In English."}]}
    assert [turn["role"] for turn in body["contents"]] == ["user", "model", "user"]
    assert body["contents"][0]["parts"] == [{"text": "a"}, {"text": "b"}]
    assert [next(iter(part)) for part in body["contents"][2]["parts"]] == ["functionResponse", "text"]


@pytest.mark.parametrize("first", ["user", "assistant"])
def test_a_model_without_instructions_finds_them_before_what_the_user_says(first: str) -> None:
    messages = [Message.system("Be brief."), Message(role=first, content="hi"), Message.user("you")]

    body = body_of(messages, model="gemma-3-27b-it")

    assert "systemInstruction" not in body
    assert body["contents"][0]["role"] == "user"
    assert body["contents"][0]["parts"][0] == {"text": "Be brief."}


def test_a_turn_without_anything_is_left_out() -> None:
    body = body_of([Message.user("a"), Message.assistant(""), Message.user("b")])

    assert body["contents"] == [{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}]


FILES = [
    (PNG, INLINE_PNG),
    (WAV, {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}}),
    (PDF, {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0xLjQK"}}),
    (
        Document.from_bytes(b"notes", "text/plain"),
        {"inlineData": {"mimeType": "text/plain", "data": "bm90ZXM="}},
    ),
    (
        Image.from_url("https://e.com/a.JPG?w=1"),
        {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://e.com/a.JPG?w=1"}},
    ),
    (Audio.from_url("https://e.com/a.mp3"), {"fileData": {"mimeType": "audio/mpeg", "fileUri": "https://e.com/a.mp3"}}),
    (Document.from_url("https://e.com/a.b/paper"), {"fileData": {"fileUri": "https://e.com/a.b/paper"}}),
    (
        Document.from_url("https://e.com/paper", media_type="application/pdf"),
        {"fileData": {"mimeType": "application/pdf", "fileUri": "https://e.com/paper"}},
    ),
    (
        Image.from_file_id("files/abc", media_type="image/png"),
        {
            "fileData": {
                "mimeType": "image/png",
                "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc",
            }
        },
    ),
    (Document.from_file_id("gs://b/a.pdf"), {"fileData": {"mimeType": "application/pdf", "fileUri": "gs://b/a.pdf"}}),
    (Json({"a": 1}), {"text": '{"a":1}'}),
]


@pytest.mark.parametrize(("part", "wire"), FILES)
def test_a_part_goes_as_bytes_or_as_an_address_with_its_type(part: Any, wire: dict[str, Any]) -> None:
    assert parts_of(Message.user("see", part)) == [{"text": "see"}, wire]


def test_how_closely_to_look_is_told_for_a_part_where_the_model_knows_it() -> None:
    message = Message.user(attrs.evolve(PNG, detail="high"), attrs.evolve(PNG, detail="auto"))

    assert parts_of(message, model=PRO_3) == [
        {**INLINE_PNG, "mediaResolution": {"level": "MEDIA_RESOLUTION_HIGH"}},
        INLINE_PNG,
    ]
    assert prepared([message], model=FLASH_25)[1] == ["image detail"]


@pytest.mark.parametrize(
    "messages",
    [
        [Message.user(Text("a", cache="5m"))],
        [Message.user("a"), CALLED, Message.tool("c1", Json(1, cache="1h"))],
    ],
)
def test_a_mark_for_the_cache_is_refused(messages: list[Message]) -> None:
    assert prepared(messages)[1] == ["cache"]


def test_a_mark_at_a_tool_and_a_speakers_name_are_refused() -> None:
    tools = [attrs.evolve(ADD, cache="5m")]

    assert prepared([Message.user("a", name="Ada")], tools=tools)[1] == ["name", "cache"]


def test_a_refusal_is_what_the_model_said() -> None:
    refused = attrs.evolve(Message.assistant(), refusal="I will not.")

    body = body_of([Message.user("a"), refused, Message.user("b")])

    assert body["contents"][1] == {"role": "model", "parts": [{"text": "I will not."}]}


# --- results of tools ---------------------------------------------------------------------------------------------

RESULTS = [
    (Message.tool("c1", "12:00"), {"output": "12:00"}),
    (Message.tool("c1", "12", ":00"), {"output": "12:00"}),
    (Message.tool("c1"), {"output": ""}),
    (Message.tool("c1", Json({"sum": 5})), {"sum": 5}),
    (Message.tool("c1", Json({"output": 5, "unit": "m"})), {"output": {"output": 5, "unit": "m"}}),
    (Message.tool("c1", Json([1, 2])), {"output": [1, 2]}),
    (Message.tool("c1", "x: ", Json([1])), {"output": "x: [1]"}),
    (Message.tool("c1", "no such zone", is_error=True), {"error": "no such zone"}),
    (Message.tool("c1", Json({"code": 4}), is_error=True), {"error": {"code": 4}}),
]


@pytest.mark.parametrize(("result", "response"), RESULTS)
def test_a_result_is_an_object(result: Message, response: dict[str, Any]) -> None:
    (part,) = parts_of(Message.user("?"), CALLED, result)

    assert part == {"functionResponse": {"id": "c1", "name": "get_time", "response": response}}


def test_calls_and_results_have_no_ids_where_the_service_refuses_them() -> None:
    body = body_of([Message.user("?"), CALLED, Message.tool("c1", "12:00")], provider="vertex")

    assert body["contents"][1]["parts"] == [{"functionCall": {"name": "get_time", "args": {"zone": "UTC"}}}]
    assert "id" not in body["contents"][2]["parts"][0]["functionResponse"]


def test_a_result_needs_a_call_or_a_name() -> None:
    with pytest.raises(InvalidRequestError, match="no message has the call 'c1'"):
        prepared([Message.user("?"), Message.tool("c1", "12:00")])

    (part,) = parts_of(Message.user("?"), CALLED, Message.tool("c1", "12:00", name="clock"))
    assert part["functionResponse"]["name"] == "clock"


def test_media_is_inside_a_result_where_the_model_reads_it_there_and_beside_it_elsewhere() -> None:
    linked = Image.from_url("https://e.com/a.png")
    messages = [Message.user("?"), CALLED, Message.tool("c1", "see", PNG, WAV, linked)]
    link = {"fileData": {"mimeType": "image/png", "fileUri": "https://e.com/a.png"}}

    old = parts_of(*messages)
    new = parts_of(*messages, model=PRO_3)
    cloud = parts_of(*messages, model=PRO_3, provider="vertex")

    assert old[1:] == [INLINE_PNG, FILES[1][1], link]
    assert (new[0]["functionResponse"]["parts"], new[1:]) == ([INLINE_PNG], [FILES[1][1], link])
    assert (cloud[0]["functionResponse"]["parts"], cloud[1:]) == ([INLINE_PNG, link], [FILES[1][1]])


def test_arguments_that_are_no_object_go_back_for_the_model_to_see() -> None:
    broken = Message.assistant(tool_calls=[ToolCall("c1", "get_time", '{"zone":')])

    body = body_of([Message.user("?"), broken, Message.tool("c1", "not JSON", is_error=True)])

    assert body["contents"][1]["parts"][0]["functionCall"]["args"] == {"INVALID_JSON": '{"zone":'}


# --- signatures ---------------------------------------------------------------------------------------------------

FIRST = {"functionCall": {"id": "c1", "name": "get_time", "args": {"zone": "UTC"}}, "thoughtSignature": "c2ln"}
SECOND = {"functionCall": {"id": "c2", "name": "add", "args": {"a": 1}}}
END = {"text": "", "thoughtSignature": "ZW5k"}
CODE = {"executableCode": {"language": "PYTHON", "code": "1+1"}}
THOUGHT = {"text": "Hm.", "thought": True, "thoughtSignature": "dGg="}


def sent_back(message: Message, *after: Message, **fields: Any) -> list[dict[str, Any]]:
    """Return the parts of the model's turn when a message goes back."""
    body, _ = prepared([Message.user("?"), message, *after], **{"model": PRO_3, **fields})
    turn = next(turn for turn in body["contents"] if turn["role"] == "model")
    assert turn["parts"]
    parts: list[dict[str, Any]] = turn["parts"]
    return parts


@pytest.mark.parametrize(
    "parts",
    [
        [FIRST, SECOND],
        [{"text": "I look."}, FIRST, SECOND],
        [{"text": "It is noon."}, END],
        [{"text": "It is "}, {**END, "text": "noon."}],
        [THOUGHT, {"text": "Two."}],
        [CODE, {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}}, {"text": "Two."}],
        [{"text": "See: "}, INLINE_PNG, {"text": " or "}, INLINE_PNG, END],
        [FIRST, {"text": "and"}, SECOND],
        [{"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "id": "s1"}, "thoughtSignature": "dG9vbA=="}, FIRST],
    ],
)
def test_what_came_goes_back_as_it_came(parts: list[dict[str, Any]]) -> None:
    message = answer(*parts).message

    assert sent_back(message) == parts


def test_a_streamed_answer_goes_back_with_its_signatures_in_their_places() -> None:
    pieces = [{"text": "I "}, {"text": "look."}, FIRST, SECOND, END]

    response, error = streamed(*[{"candidates": [candidate(piece, finish=None)]} for piece in pieces[:-1]],
                               {"candidates": [candidate(pieces[-1])]})  # fmt: skip

    assert error is None
    assert sent_back(response.message) == [{"text": "I look."}, FIRST, SECOND, END]


def test_thoughts_without_a_signature_do_not_go_back() -> None:
    message = answer({"text": "Hm.", "thought": True}, {"text": "Two."}).message

    assert message.reasoning == "Hm."
    assert message.provider_data is None
    assert sent_back(message) == [{"text": "Two."}]


def test_an_edited_text_loses_its_signature_and_keeps_what_still_fits() -> None:
    message = answer(THOUGHT, CODE, {"text": "Two."}, END, FIRST).message

    parts = sent_back(attrs.evolve(message, content="Three."))

    assert parts == [THOUGHT, CODE, {"text": "Three."}, FIRST]


@pytest.mark.parametrize("changed", [{"content": ("Two.", PNG)}, {"refusal": "No."}])
def test_a_message_with_more_in_it_than_came_is_built_anew(changed: dict[str, Any]) -> None:
    message = answer({"text": "Two."}, END).message

    parts = sent_back(attrs.evolve(message, **changed))

    assert END not in parts
    assert len(parts) == 2


def test_a_call_that_was_removed_is_not_sent_though_its_part_was_kept() -> None:
    message = answer({"text": "I look."}, FIRST, SECOND, END).message

    parts = sent_back(attrs.evolve(message, tool_calls=message.tool_calls[:1]))

    assert parts == [{"text": "I look."}, FIRST]


def test_a_call_taken_over_into_another_message_keeps_its_signature() -> None:
    message = answer(CODE, FIRST).message

    assert sent_back(Message.assistant("Let me see.", tool_calls=message.tool_calls)) == [
        {"text": "Let me see."},
        FIRST,
    ]


def test_what_one_service_signed_does_not_go_to_another() -> None:
    message = answer({"text": "I look."}, FIRST, END, provider="vertex").message

    assert sent_back(message) == [{"text": "I look."}, {**FIRST, "thoughtSignature": STAND_IN}]


@pytest.mark.parametrize(
    ("model", "first"),
    [(PRO_3, {"thoughtSignature": STAND_IN}), ("gemini-flash-latest", {"thoughtSignature": STAND_IN}), (FLASH_25, {})],
)
def test_only_the_first_call_of_another_model_gets_a_stand_in_and_only_where_one_is_demanded(
    model: str, first: dict[str, str]
) -> None:
    calls = [CALL, ToolCall("c2", "add", '{"a":1}')]

    parts = sent_back(Message.assistant("I look.", tool_calls=calls), model=model)

    assert [part.get("thoughtSignature") for part in parts] == [None, first.get("thoughtSignature"), None]


def test_a_signature_put_in_by_hand_is_sent() -> None:
    call = attrs.evolve(CALL, provider_data={"*": {"thoughtSignature": "aGFuZA=="}})

    assert sent_back(Message.assistant(tool_calls=[call]))[0]["thoughtSignature"] == "aGFuZA=="


# --- tools, form of the answer, reasoning -------------------------------------------------------------------------


def declared(tool: Tool, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = body_of("hi", tools=[tool], **fields)["tools"][0]["functionDeclarations"][0]
    return found


SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "unit": {"const": "m"},
        "to": {"$ref": "#/$defs/place"},
        "at": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "how": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    },
    "$defs": {"place": {"type": "string"}},
    "additionalProperties": False,
}


def test_a_schema_goes_as_json_schema() -> None:
    wire = declared(Tool("go", "Go", SCHEMA))["parametersJsonSchema"]

    assert wire == {
        **{key: value for key, value in SCHEMA.items() if key != "$schema"},
        "properties": {**SCHEMA["properties"], "unit": {"enum": ["m"]}},  # type: ignore[dict-item]
    }


def test_a_schema_goes_in_the_older_subset_to_older_models() -> None:
    form = ResponseFormat(kind="json_schema", schema=SCHEMA)
    wire = {
        "type": "object",
        "properties": {
            "unit": {"enum": ["m"]},
            "to": {"type": "string"},
            "at": {"type": "string", "description": "format: date", "nullable": True},
            "how": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        },
    }

    assert declared(Tool("go", "Go", SCHEMA), model="gemini-2.0-flash")["parameters"] == wire
    assert body_of("hi", model="gemini-2.0-flash", response_format=form)["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseSchema": wire,
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {}},
        {"type": "object"},
        {"type": "object", "properties": {}, "required": [], "additionalProperties": False, "title": "Nothing"},
    ],
)
def test_a_tool_without_arguments_has_no_schema(schema: dict[str, Any]) -> None:
    assert declared(Tool("now", None, schema)) == {"name": "now"}


def test_a_tool_that_takes_any_keys_has_a_schema() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "string"}}

    assert declared(Tool("tag", None, schema))["parametersJsonSchema"] == schema


STRICT = attrs.evolve(GET_TIME, strict=True)


@pytest.mark.parametrize(
    ("tools", "choice", "calling"),
    [
        ([ADD], None, None),
        ([ADD], "auto", {"mode": "AUTO"}),
        ([ADD], "none", {"mode": "NONE"}),
        ([ADD], "required", {"mode": "ANY"}),
        ([ADD], "add", {"mode": "ANY", "allowedFunctionNames": ["add"]}),
        ([STRICT, ADD], None, {"mode": "VALIDATED"}),
        ([STRICT, ADD], "auto", {"mode": "VALIDATED"}),
        ([STRICT], "required", {"mode": "ANY"}),
        ([STRICT], "none", {"mode": "NONE"}),
        ([attrs.evolve(ADD, strict=False)], None, None),
    ],
)
def test_how_tools_may_be_called(tools: list[Tool], choice: Any, calling: dict[str, Any] | None) -> None:
    body = body_of("hi", tools=tools, tool_choice=choice)

    assert body.get("toolConfig", {}).get("functionCallingConfig") == calling


def test_a_model_that_cannot_be_held_to_schemas_refuses_strict() -> None:
    body, left_out = prepared("hi", model="gemini-2.0-flash", tools=[STRICT])

    assert left_out == ["strict"]
    assert "toolConfig" not in body


@pytest.mark.parametrize("kind", ["json_object", "json_schema"])
def test_a_form_of_the_answer_goes_with_tools_only_at_newer_models(kind: Any) -> None:
    form = ResponseFormat(kind=kind, schema=SCHEMA if kind == "json_schema" else None)

    assert prepared("hi", model=PRO_25, tools=[ADD], response_format=form)[1] == ["response_format"]
    config = body_of("hi", model=PRO_3, tools=[ADD], response_format=form)["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert ("responseJsonSchema" in config) == (kind == "json_schema")


@pytest.mark.parametrize(
    ("model", "reasoning", "thinking"),
    [
        (FLASH_25, "none", {"thinkingBudget": 0}),
        (FLASH_25, 0, {"thinkingBudget": 0}),
        (FLASH_25, "low", {"thinkingBudget": 1024, "includeThoughts": True}),
        (PRO_25, "medium", {"thinkingBudget": 8192, "includeThoughts": True}),
        (PRO_25, "high", {"thinkingBudget": 24576, "includeThoughts": True}),
        (PRO_3, "low", {"thinkingLevel": "LOW", "includeThoughts": True}),
        (FLASH_38, "high", {"thinkingLevel": "HIGH", "includeThoughts": True}),
        ("gemini-flash-latest", "minimal", {"thinkingLevel": "MINIMAL", "includeThoughts": True}),
        (PRO_3, 2048, {"thinkingBudget": 2048, "includeThoughts": True}),
    ],
)
def test_an_effort_is_a_level_or_a_budget_as_the_model_wants_it(
    model: str, reasoning: Any, thinking: dict[str, Any]
) -> None:
    assert body_of("hi", model=model, reasoning=reasoning)["generationConfig"] == {"thinkingConfig": thinking}


@pytest.mark.parametrize(
    ("model", "reasoning", "reason"),
    [
        (PRO_3, "none", "supports only minimal, low, medium, high, xhigh or a number of tokens, not 'none'"),
        (PRO_25, "none", "not 'none'"),
        (FLASH_25, "enabled", "not 'enabled'"),
        ("gemini-2.0-flash", "low", "does not think"),
        ("gemini-2.0-flash", 512, "does not think"),
    ],
)
def test_an_effort_that_the_model_does_not_know_is_refused(model: str, reasoning: Any, reason: str) -> None:
    request = ChatCompletionRequest(model=model, messages="hi", reasoning=reasoning)

    with pytest.raises(UnsupportedFeatureError, match=reason):
        adapter_for("gemini").chat_request(request, stream=False)

    assert prepared("hi", model=model, reasoning=reasoning)[0].keys() == {"contents"}


# --- answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [[], "x", None, 5])
def test_an_answer_that_is_no_object_is_told(payload: Any) -> None:
    with pytest.raises(InvalidResponseError, match="expected a JSON object"):
        adapter_for("gemini").decode(HttpResponse(status=200, body=json.dumps(payload).encode()))


@pytest.mark.parametrize(
    ("raw", "finish"),
    [
        *[(raw, "content_filter") for raw in ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII")],
        *[(raw, "content_filter") for raw in ("IMAGE_SAFETY", "MODEL_ARMOR")],
        *[(raw, None) for raw in ("OTHER", "LANGUAGE", "NO_IMAGE", "FINISH_REASON_UNSPECIFIED")],
        ("CONTINUATION", "length"),
    ],
)
def test_a_finish_reason_is_one_of_our_words_or_none(raw: str, finish: str | None) -> None:
    payload = {"candidates": [{"finishReason": raw}]}

    response = adapter_for("gemini").decode(HttpResponse(status=200, body=json.dumps(payload).encode()))

    assert (response.finish_reason, response.raw_finish_reason, response.text) == (finish, raw, "")


def test_an_empty_part_says_nothing() -> None:
    response = answer({}, {"text": "a"})

    assert (response.text, response.message.provider_data) == ("a", None)


def test_images_in_an_answer_are_kept_and_are_no_text() -> None:
    response = answer(INLINE_PNG)

    assert response.text == ""
    assert response.message.content == ()
    assert response.message.provider_data == {"gemini": {"parts": [INLINE_PNG]}}


def test_a_stream_in_which_every_event_tells_why_it_ended_is_read_to_its_end() -> None:
    events = [{"candidates": [candidate({"text": text})]} for text in ("He", "l", "lo")]

    response, error = streamed(*events, {"candidates": [candidate(SECOND)]})

    assert error is None
    assert (response.text, response.finish_reason, len(response.tool_calls)) == ("Hello", "tool_calls", 1)


def test_the_same_source_told_in_every_event_is_one_citation() -> None:
    grounding = {"groundingChunks": [{"web": {"uri": "https://e.com", "title": "E"}}, {"new": {}}]}

    response, _ = streamed(
        {"candidates": [candidate({"text": "a"}, finish=None, groundingMetadata=grounding)]},
        {"candidates": [candidate({"text": "b"}, groundingMetadata=grounding)]},
    )

    assert [(found.url, found.title) for found in response.citations] == [("https://e.com", "E")]


def test_a_retrieved_passage_is_quoted() -> None:
    chunk = {"retrievedContext": {"uri": "gs://b/a.pdf", "title": "A", "text": "So it is."}}
    image = {"image": {"sourceUri": "https://e.com/page", "imageUri": "https://e.com/a.png", "title": "I"}}

    response, _ = streamed({"candidates": [candidate(groundingMetadata={"groundingChunks": [chunk, image]})]})

    assert [(found.url, found.cited_text) for found in response.citations] == [
        ("gs://b/a.pdf", "So it is."),
        ("https://e.com/page", None),
    ]


# --- arguments in pieces ------------------------------------------------------------------------------------------


def called_with(*pieces: dict[str, Any], end: bool = True) -> tuple[ChatCompletionResponse, AiLibError | None]:
    """Return what a stream says whose one call gets these pieces of its arguments."""
    calls = [{"name": "f", "willContinue": True}, *[{"partialArgs": [piece], "willContinue": True} for piece in pieces]]
    parts = [{"functionCall": call} for call in [*calls, *([{}] if end else [])]]
    return streamed(*[{"candidates": [candidate(part, finish=None)]} for part in parts], {"candidates": [candidate()]})


def flattened(value: Any, path: str = "$") -> list[dict[str, Any]]:
    """Return a value as the pieces that would make it, each text in two."""
    if isinstance(value, dict):
        return [piece for key, item in value.items() for piece in flattened(item, f"{path}['{key}']")]
    if isinstance(value, list):
        return [piece for place, item in enumerate(value) for piece in flattened(item, f"{path}[{place}]")]
    if isinstance(value, str):
        half = len(value) // 2
        return [
            {"jsonPath": path, "stringValue": value[:half], "willContinue": True},
            {"jsonPath": path, "stringValue": value[half:]},
        ]
    kind = "nullValue" if value is None else "boolValue" if isinstance(value, bool) else "numberValue"
    return [{"jsonPath": path, kind: "NULL_VALUE" if value is None else value}]


NAMES = st.text(st.characters(codec="ascii", exclude_characters="'\\", exclude_categories=["Cc"]), min_size=1)
LEAVES = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, min_size=1) | st.dictionaries(NAMES, inner, min_size=1), max_leaves=8
)


@given(arguments=st.dictionaries(NAMES, VALUES), end=st.booleans())
def test_arguments_that_come_in_pieces_are_put_together(arguments: dict[str, Any], end: bool) -> None:
    response, error = called_with(*flattened(arguments), end=end)

    assert error is None
    assert [call.arguments for call in response.tool_calls] == [arguments]
    assert response.finish_reason == "tool_calls"


@pytest.mark.parametrize("path", ["", "$", "a", "$a", "$.", "$[0]", "$.a[x]", "$.a[5]", "$.a b[", "$['a"])
def test_a_path_that_leads_nowhere_is_told(path: str) -> None:
    _, error = called_with({"jsonPath": path, "numberValue": 1})

    assert isinstance(error, InvalidResponseError)
    assert error.code == "malformed_event"


def test_a_piece_put_into_a_text_is_told() -> None:
    _, error = called_with({"jsonPath": "$.a", "numberValue": 1}, {"jsonPath": "$.a.b", "numberValue": 1})

    assert isinstance(error, InvalidResponseError)


def test_a_signature_that_comes_with_a_later_piece_is_kept_with_its_call() -> None:
    response, _ = streamed(
        {"candidates": [candidate({"functionCall": {"id": "x", "name": "f", "willContinue": True}}, finish=None)]},
        {"candidates": [candidate({"functionCall": {}, "thoughtSignature": "c2ln"})]},
    )

    assert response.tool_calls[0].id == "x"
    assert response.tool_calls[0].provider_data == {"gemini": {"thoughtSignature": "c2ln"}}


def test_a_call_whose_end_is_missing_ends_with_the_next_one_and_with_the_answer() -> None:
    response, _ = streamed(
        {"candidates": [candidate({"functionCall": {"name": "f", "willContinue": True}}, finish=None)]},
        {"candidates": [candidate({"functionCall": {"name": "g", "args": {"a": 1}, "willContinue": True}})]},
    )

    assert [(call.name, call.arguments) for call in response.tool_calls] == [("f", {}), ("g", {"a": 1})]


def test_a_whole_answer_without_a_finish_reason_ends_its_calls() -> None:
    payload = {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "willContinue": True}}]}}]}

    response = adapter_for("gemini").decode(HttpResponse(status=200, body=json.dumps(payload).encode()))

    assert [(call.id, call.name, call.arguments) for call in response.tool_calls] == [("call_0", "f", {})]


# --- models -------------------------------------------------------------------------------------------------------


def test_models_are_listed_by_the_name_to_pass_page_by_page() -> None:
    adapter = adapter_for("gemini")
    entry = {
        "name": "models/gemini-3.8-flash",
        "displayName": "Gemini 3.8 Flash",
        "inputTokenLimit": 1048576,
        "outputTokenLimit": 65536,
    }
    page = {"models": [entry, {"name": "tunedModels/mine-1"}, {"displayName": "no name"}], "nextPageToken": "p2"}
    response = HttpResponse(status=200, body=json.dumps(page).encode())

    first, second = adapter.decode_models(response)

    assert (first.id, first.name, first.context_window, first.max_output_tokens) == (
        "gemini-3.8-flash",
        "Gemini 3.8 Flash",
        1048576,
        65536,
    )
    assert second.id == "tunedModels/mine-1"
    assert adapter.next_page(response) == {"pageToken": "p2"}
    assert adapter.models_request({"pageToken": "p2"}).url.endswith("/models?pageSize=1000&pageToken=p2")


@pytest.mark.parametrize("payload", [{"models": []}, {"models": [], "nextPageToken": ""}, []])
def test_the_last_page_of_models_has_no_next(payload: Any) -> None:
    response = HttpResponse(status=200, body=json.dumps(payload).encode())

    assert adapter_for("gemini").next_page(response) is None


# --- the other APIs -----------------------------------------------------------------------------------------------


def test_the_compatible_api_takes_the_same_key_as_a_bearer_token() -> None:
    config = get_config("gemini").with_api("openai")

    assert config.base_url + config.chat_path == (  # type: ignore[operator]
        "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"
    )
    assert (config.key_header, config.key_prefix, config.model_prefix) == ("Authorization", "Bearer ", "")


def test_claude_is_named_in_the_address_and_the_version_in_the_body() -> None:
    request = ChatCompletionRequest(model="claude-sonnet-5-5", messages="hi", max_tokens=10)
    adapter = adapter_for("vertex", "anthropic")

    sent, _ = adapter.chat_request(request, stream=True)

    assert sent.url.endswith("/publishers/anthropic/models/claude-sonnet-5-5:streamRawPredict")
    assert json.loads(sent.body or b"")["anthropic_version"] == "vertex-2023-10-16"
    assert "model" not in json.loads(sent.body or b"")
