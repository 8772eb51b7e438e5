"""Lists the tools, calls one, and lets one ask, with fastmcp, as a user's program would.

Arguments: "http" with the endpoint and an API key, or "stdio" with the command line of the server.
Prints one JSON object a protocol era: the version, the names of the tools, a structured result, what a tool that
asked was answered, and the progress that a tool told.
"""

import asyncio
import json
import sys

from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport


async def main(transport, *arguments):
    for mode in ("auto", "legacy"):
        if transport == "http":
            url, key = arguments
            server = StreamableHttpTransport(url, headers={"authorization": f"Bearer {key}"})
        else:
            server = StdioTransport(command=arguments[0], args=list(arguments[1:]), keep_alive=False)
        told = []

        async def answer(message, response_type, params, context):
            return {"username": "ada", "email": "ada@example.com"}

        async def progress(done, total, message):
            told.append(done)

        async with Client(server, mode=mode, elicitation_handler=answer, progress_handler=progress) as client:
            tools = await client.list_tools()
            called = await client.call_tool("toolbox_jq", {"filter": ".a", "input": {"a": 42}})
            elicited = await client.call_tool("test_elicitation", {"message": "Who are you?"})
            await client.call_tool("test_tool_with_progress", {})
            print(json.dumps({
                "version": client.protocol_version,
                "tools": [tool.name for tool in tools],
                "result": called.structured_content,
                "elicited": elicited.content[0].text,
                "progress": told,
            }))


asyncio.run(main(*sys.argv[1:]))
