"""Runs the steps of a batch job without a network: each step receives the next answer of a list."""

from ai_lib.errors import InvalidRequestError
from ai_lib.providers.jobs.format import JobEndpoint, JobItem, JobOptions, Submission

__all__ = ["ITEMS", "SUBMISSION", "drive", "endpoint_at"]

ITEMS = [
    JobItem(custom_id="request-0", body={"model": "m", "messages": [{"role": "user", "content": "a"}]}),
    JobItem(custom_id="request-1", body={"model": "m", "messages": [{"role": "user", "content": "b"}]}),
]
SUBMISSION = Submission(items=ITEMS, model="m")


def endpoint_at(path, **options):
    return JobEndpoint(
        path=path,
        options=JobOptions(**options),
        chat_path="/v1/chat/completions",
        fail=lambda status, body: InvalidRequestError(body["error"]["message"], status=status),
    )


def drive(steps, *answers):
    """Return the steps that a generator yields when it receives these answers, and what it returns."""
    yielded = []
    remaining = iter(answers)
    payload = None
    while True:
        try:
            yielded.append(steps.send(payload))
        except StopIteration as done:
            return yielded, done.value
        payload = next(remaining)
