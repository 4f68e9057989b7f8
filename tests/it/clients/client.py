"""The official OpenAI client for Python against a running server.

Arguments: address with /v1, picture file, name of a space. Ends with 0 when everything
holds; prints what it checked."""
import base64
import sys

import openai
from openai import OpenAI

base_url, picture, space = sys.argv[1:]
client = OpenAI(base_url=base_url, api_key="unused", max_retries=0, timeout=60)
QUESTION = "What is the order number of the shaft seal?"


def ask(*said, **more):
    roles = ["user", "assistant"]
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(said)]
    return client.chat.completions.create(model="veritrail", messages=messages, **more)


def checked(what):
    print("ok", what)


models = [model.id for model in client.models.list()]
assert models[0] == "veritrail" and space in models, models
assert client.models.retrieve(space).owned_by == "veritrail"
checked("models")

whole = ask(QUESTION, temperature=0.2, max_tokens=200, user="anna")
content = whole.choices[0].message.content
assert "SP-3117" in content and whole.choices[0].finish_reason == "stop", content
assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
assert whole.citations[0]["quote"] and whole.citations[0]["link"].startswith("/documents/")
assert whole.answer_id
raw = client.chat.completions.with_raw_response.create(
    model="veritrail:extractive", messages=[{"role": "user", "content": QUESTION}])
assert raw.headers["x-veritrail-answer-id"] == raw.parse().answer_id
checked("chat")

pieces, last, usage = [], None, None
with ask(QUESTION, stream=True, stream_options={"include_usage": True}) as stream:
    for chunk in stream:
        usage = chunk.usage or usage
        if chunk.choices:
            pieces.append(chunk.choices[0].delta.content or "")
            last = chunk
assert "".join(pieces) == content, pieces
assert last.choices[0].finish_reason == "stop" and last.citations and last.answer_id
assert usage.completion_tokens > 0
checked("streaming")

second = ask(QUESTION, content, "And how much does it cost?")
assert second.resolved_by == "rules" and "shaft seal" in second.resolved_question, second
checked("a second turn")

with open(picture, "rb") as file:
    url = "data:image/png;base64," + base64.b64encode(file.read()).decode()
seen = client.chat.completions.create(model="veritrail", messages=[{"role": "user", "content": [
    {"type": "text", "text": "What does this show?"},
    {"type": "image_url", "image_url": {"url": url}},
]}])
assert seen.citations[0]["picture"] == "pictures/front.png", seen
checked("a picture")

vectors = client.embeddings.create(model=space, input=["shaft seal", "oil"]).data
floats = client.embeddings.create(model=space, input="shaft seal", encoding_format="float").data
assert len(vectors) == 2 and vectors[1].index == 1
assert all(abs(a - b) < 1e-5 for a, b in zip(vectors[0].embedding, floats[0].embedding))
checked("embeddings")


def refused(kind, call):
    try:
        call()
    except kind as error:
        assert error.body["message"], error
        return
    raise AssertionError(f"expected {kind.__name__}")


refused(openai.NotFoundError, lambda: client.chat.completions.create(
    model="gpt-5", messages=[{"role": "user", "content": "x"}]))
refused(openai.BadRequestError, lambda: ask("x", n=2))
refused(openai.BadRequestError, lambda: ask("x", stream=True, temperature=3))
refused(openai.BadRequestError, lambda: client.embeddings.create(model=space, input=[1, 2, 3]))
refused(openai.UnprocessableEntityError, lambda: client.chat.completions.create(
    model="veritrail", messages="x"))
checked("errors")
