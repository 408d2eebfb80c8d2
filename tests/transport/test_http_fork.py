"""A client that has been used may be used on both sides of a fork."""

from __future__ import annotations

import os

from tests.support.server import Server, echo

CHILDREN, CALLS = 4, 50


def wrong_answers(client, who):
    """Return how many of many calls did not get an answer to their own question."""
    questions = [f"{who} {number}" for number in range(CALLS)]
    return sum(client.chat(question).text != question for question in questions)


def test_forked_children_and_their_parent_get_their_own_answers(connect):
    with Server(echo) as server:
        client = connect(server)
        client.chat("warm up")

        children = []
        for number in range(CHILDREN):
            child = os.fork()
            if child == 0:
                code = 255  # unless the calls below raise nothing
                try:
                    code = wrong_answers(client, f"child {number}")
                finally:
                    os._exit(code)
            children.append(child)
        wrong_in_parent = wrong_answers(client, "parent")
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]

        of_the_first_connection = {
            request.json["messages"][0]["content"].split()[0] for request in server.requests if request.connection == 0
        }
    assert codes == [0] * CHILDREN
    assert wrong_in_parent == 0
    assert len(server.requests) == 1 + (CHILDREN + 1) * CALLS
    assert of_the_first_connection == {"warm", "parent"}
    assert len(server.connections) == 1 + CHILDREN


def test_a_child_that_closes_its_client_does_not_disturb_the_parents_connection(connect):
    with Server(echo) as server:
        client = connect(server)
        client.chat("before")

        child = os.fork()
        if child == 0:
            client.close()
            os._exit(0)
        os.waitpid(child, 0)
        client.chat("after")

        assert [request.connection for request in server.requests] == [0, 0]
