"""Drives a job's steps by hand: each step is given the next answer, and nothing is sent."""

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.jobs.format import At, Item, Options, Submission

ITEMS = [
    Item(custom_id="request-0", body={"model": "m", "messages": [{"role": "user", "content": "a"}]}),
    Item(custom_id="request-1", body={"model": "m", "messages": [{"role": "user", "content": "b"}]}),
]
SUBMISSION = Submission(items=ITEMS, model="m")


def at(path, **options):
    return At(
        path=path,
        options=Options(**options),
        endpoint="/v1/chat/completions",
        fail=lambda status, body: InvalidRequestError(body["error"]["message"], status=status),
    )


def drive(steps, *answers):
    """Return the steps, and what they end in when they are given these answers."""
    taken = []
    answers = iter(answers)
    payload = None
    while True:
        try:
            taken.append(steps.send(payload))
        except StopIteration as done:
            return taken, done.value
        payload = next(answers)
