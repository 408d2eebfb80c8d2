"""Messages: turns, tool results, and the signatures that go back."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from ai_lib.errors import InvalidRequestError
from ai_lib.types.content import Image, Json
from ai_lib.types.message import Message
from ai_lib.types.tool import ToolCall
from tests.providers.dialects.gemini.bodies import (
    CALL,
    CALLED,
    FILES,
    FLASH_25,
    INLINE_PNG,
    PRO_3,
    SECOND,
    body_and_omissions,
    body_of,
    candidate,
    fold_events,
    parts_of,
    response_of,
)
from tests.support.scenarios import ADD, PNG, WAV

STAND_IN = "skip_thought_signature_validator"


def test_neighbours_of_one_role_become_one_turn_and_system_messages_stand_apart() -> None:
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
def test_system_messages_precede_the_first_user_message_where_the_model_has_no_instructions(first: str) -> None:
    messages = [Message.system("Be brief."), Message(role=first, content="hi"), Message.user("you")]

    body = body_of(messages, model="gemma-3-27b-it")

    assert "systemInstruction" not in body
    assert body["contents"][0]["role"] == "user"
    assert body["contents"][0]["parts"][0] == {"text": "Be brief."}


def test_an_empty_turn_is_left_out() -> None:
    body = body_of([Message.user("a"), Message.assistant(""), Message.user("b")])

    assert body["contents"] == [{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}]


def test_a_cache_mark_on_a_tool_and_a_name_are_refused() -> None:
    tools = [attrs.evolve(ADD, cache="5m")]

    assert body_and_omissions([Message.user("a", name="Ada")], tools=tools)[1] == ["name", "cache"]


def test_a_refusal_goes_back_as_text() -> None:
    refused = attrs.evolve(Message.assistant(), refusal="I will not.")

    body = body_of([Message.user("a"), refused, Message.user("b")])

    assert body["contents"][1] == {"role": "model", "parts": [{"text": "I will not."}]}


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
def test_a_tool_result_is_an_object(result: Message, response: dict[str, Any]) -> None:
    (part,) = parts_of(Message.user("?"), CALLED, result)

    assert part == {"functionResponse": {"id": "c1", "name": "get_time", "response": response}}


def test_calls_and_results_have_no_ids_where_the_service_rejects_them() -> None:
    body = body_of([Message.user("?"), CALLED, Message.tool("c1", "12:00")], provider="vertex")

    assert body["contents"][1]["parts"] == [{"functionCall": {"name": "get_time", "args": {"zone": "UTC"}}}]
    assert "id" not in body["contents"][2]["parts"][0]["functionResponse"]


def test_a_tool_result_needs_a_call_or_a_name() -> None:
    with pytest.raises(InvalidRequestError, match="no message has the call 'c1'"):
        body_and_omissions([Message.user("?"), Message.tool("c1", "12:00")])

    (part,) = parts_of(Message.user("?"), CALLED, Message.tool("c1", "12:00", name="clock"))
    assert part["functionResponse"]["name"] == "clock"


def test_media_is_inside_a_tool_result_where_the_model_reads_it_there_and_after_it_elsewhere() -> None:
    linked = Image.from_url("https://e.com/a.png")
    messages = [Message.user("?"), CALLED, Message.tool("c1", "see", PNG, WAV, linked)]
    link = {"fileData": {"mimeType": "image/png", "fileUri": "https://e.com/a.png"}}

    old = parts_of(*messages)
    new = parts_of(*messages, model=PRO_3)
    cloud = parts_of(*messages, model=PRO_3, provider="vertex")

    assert old[1:] == [INLINE_PNG, FILES[1][1], link]
    assert (new[0]["functionResponse"]["parts"], new[1:]) == ([INLINE_PNG], [FILES[1][1], link])
    assert (cloud[0]["functionResponse"]["parts"], cloud[1:]) == ([INLINE_PNG, link], [FILES[1][1]])


def test_arguments_that_are_not_an_object_go_back_for_the_model_to_see() -> None:
    broken = Message.assistant(tool_calls=[ToolCall("c1", "get_time", '{"zone":')])

    body = body_of([Message.user("?"), broken, Message.tool("c1", "not JSON", is_error=True)])

    assert body["contents"][1]["parts"][0]["functionCall"]["args"] == {"INVALID_JSON": '{"zone":'}


FIRST = {"functionCall": {"id": "c1", "name": "get_time", "args": {"zone": "UTC"}}, "thoughtSignature": "c2ln"}
END = {"text": "", "thoughtSignature": "ZW5k"}
CODE = {"executableCode": {"language": "PYTHON", "code": "1+1"}}
THOUGHT = {"text": "Hm.", "thought": True, "thoughtSignature": "dGg="}


def returned_parts(message: Message, *after: Message, **fields: Any) -> list[dict[str, Any]]:
    """Return the parts of the model's turn when a message goes back."""
    body, _ = body_and_omissions([Message.user("?"), message, *after], **{"model": PRO_3, **fields})
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
def test_the_parts_of_an_answer_go_back_as_they_came(parts: list[dict[str, Any]]) -> None:
    message = response_of(*parts).message

    assert returned_parts(message) == parts


def test_a_streamed_answer_goes_back_with_its_signatures_in_their_places() -> None:
    pieces = [{"text": "I "}, {"text": "look."}, FIRST, SECOND, END]

    response, error = fold_events(*[{"candidates": [candidate(piece, finish=None)]} for piece in pieces[:-1]],
                               {"candidates": [candidate(pieces[-1])]})  # fmt: skip

    assert error is None
    assert returned_parts(response.message) == [{"text": "I look."}, FIRST, SECOND, END]


def test_thoughts_without_a_signature_do_not_go_back() -> None:
    message = response_of({"text": "Hm.", "thought": True}, {"text": "Two."}).message

    assert message.reasoning == "Hm."
    assert message.provider_data is None
    assert returned_parts(message) == [{"text": "Two."}]


def test_an_edited_text_loses_its_signature_and_keeps_what_still_fits() -> None:
    message = response_of(THOUGHT, CODE, {"text": "Two."}, END, FIRST).message

    parts = returned_parts(attrs.evolve(message, content="Three."))

    assert parts == [THOUGHT, CODE, {"text": "Three."}, FIRST]


@pytest.mark.parametrize("changed", [{"content": ("Two.", PNG)}, {"refusal": "No."}])
def test_a_message_with_added_content_is_built_anew(changed: dict[str, Any]) -> None:
    message = response_of({"text": "Two."}, END).message

    parts = returned_parts(attrs.evolve(message, **changed))

    assert END not in parts
    assert len(parts) == 2


def test_a_removed_call_is_not_sent_although_its_part_was_kept() -> None:
    message = response_of({"text": "I look."}, FIRST, SECOND, END).message

    parts = returned_parts(attrs.evolve(message, tool_calls=message.tool_calls[:1]))

    assert parts == [{"text": "I look."}, FIRST]


def test_a_call_moved_to_another_message_keeps_its_signature() -> None:
    message = response_of(CODE, FIRST).message

    assert returned_parts(Message.assistant("Let me see.", tool_calls=message.tool_calls)) == [
        {"text": "Let me see."},
        FIRST,
    ]


def test_signatures_of_one_service_do_not_go_to_another() -> None:
    message = response_of({"text": "I look."}, FIRST, END, provider="vertex").message

    assert returned_parts(message) == [{"text": "I look."}, {**FIRST, "thoughtSignature": STAND_IN}]


@pytest.mark.parametrize(
    ("model", "first"),
    [(PRO_3, {"thoughtSignature": STAND_IN}), ("gemini-flash-latest", {"thoughtSignature": STAND_IN}), (FLASH_25, {})],
)
def test_only_the_first_call_of_another_model_gets_a_stand_in_and_only_where_one_is_required(
    model: str, first: dict[str, str]
) -> None:
    calls = [CALL, ToolCall("c2", "add", '{"a":1}')]

    parts = returned_parts(Message.assistant("I look.", tool_calls=calls), model=model)

    assert [part.get("thoughtSignature") for part in parts] == [None, first.get("thoughtSignature"), None]


def test_a_signature_set_by_the_user_is_sent() -> None:
    call = attrs.evolve(CALL, provider_data={"*": {"thoughtSignature": "aGFuZA=="}})

    assert returned_parts(Message.assistant(tool_calls=[call]))[0]["thoughtSignature"] == "aGFuZA=="
