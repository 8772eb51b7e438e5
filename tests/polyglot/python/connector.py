"""A connector in Python. It exports `tools` of the world `tool-connector`, and imports WASI's HTTP beside it."""

import json
from collections import Counter
from urllib.parse import urlsplit

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.exports.tools import Annotations, Outcome_Done, Output, Tool
from wit_world.imports import bulkhead_connector_types as contract
from wit_world.imports import host, outgoing_handler, streams
from wit_world.imports import wasi_http_types as http


def schema(properties):
    """The JSON Schema of an object with exactly these properties."""
    return json.dumps(
        {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    )


def count_words(arguments):
    words = Counter(arguments["text"].lower().split())
    host.log(host.Level.INFO, f"counted {len(words)} words")
    return {"words": dict(words)}


def fetch_text(arguments):
    url = arguments["url"]
    status, body = get((host.setting("base_url") or "") + url if url.startswith("/") else url)
    return {"status": status, "text": body.decode(errors="replace")}


def get(url):
    """Sends a GET request and waits for its answer, which is its status and body."""
    parts = urlsplit(url)
    request = http.OutgoingRequest(http.Fields())
    request.set_scheme(http.Scheme_Https() if parts.scheme == "https" else http.Scheme_Http())
    request.set_authority(parts.netloc)
    request.set_path_with_query(parts.path + (f"?{parts.query}" if parts.query else ""))
    # What fails is raised as `Err`.
    future = outgoing_handler.handle(request, None)
    future.subscribe().block()
    match future.get():
        case Ok(Ok(response)):
            return response.status(), read(response)
        case Ok(Err(error)) | Err(error):
            raise Err(error)


def read(response):
    body = response.consume()
    stream = body.stream()
    chunks = []
    while True:
        try:
            chunks.append(stream.blocking_read(65536))
        except Err as end:
            if isinstance(end.value, streams.StreamError_Closed):
                return b"".join(chunks)
            raise


# The listed tool, and what it does with arguments that its schema has accepted.
TOOLS = [
    (
        Tool(
            name="count_words",
            title="Count words",
            description="Tells how often each word occurs in a text.",
            input_schema=schema({"text": {"type": "string"}}),
            output_schema=schema({"words": {"type": "object", "additionalProperties": {"type": "integer"}}}),
            annotations=Annotations(read_only=True, destructive=False, idempotent=True, open_world=False),
        ),
        count_words,
    ),
    (
        Tool(
            name="fetch_text",
            title="Fetch a text",
            description="Gets a path of the configured server. Every other place is refused.",
            input_schema=schema({"url": {"type": "string", "description": "A path below base_url, or a URL."}}),
            output_schema=None,
            annotations=Annotations(read_only=True, destructive=False, idempotent=True, open_world=True),
        ),
        fetch_text,
    ),
]


class Tools(exports.Tools):
    """componentize-py finds the class by its name: that of the exported interface."""

    def describe(self):
        return [tool for tool, _ in TOOLS]

    def call(self, tool, arguments, round):
        run = next((run for listed, run in TOOLS if listed.name == tool), None)
        if run is None:
            raise Err(contract.CallError_Unknown(tool))
        try:
            structured = json.dumps(run(json.loads(arguments)))
        except Err as error:
            raise Err(contract.CallError_Upstream((None, type(error.value).__name__)))
        return Outcome_Done(Output(content=[], structured=structured))
