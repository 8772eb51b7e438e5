"""Lists the tools and calls toolbox_jq with the official client, as a user's program would.

Arguments: "http" with the endpoint and an API key, or "stdio" with the command line of the server.
Prints one JSON object a protocol era: the version, the names of the tools, and the call's structured result.
"""

import asyncio
import contextlib
import json
import sys

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client


async def main(transport, *arguments):
    for mode in ("auto", "legacy"):
        async with contextlib.AsyncExitStack() as stack:
            if transport == "http":
                url, key = arguments
                http = await stack.enter_async_context(httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}))
                server = streamable_http_client(url, http_client=http)
            else:
                server = StdioServerParameters(command=arguments[0], args=list(arguments[1:]))
            client = await stack.enter_async_context(Client(server, mode=mode))
            tools = await client.list_tools()
            result = await client.call_tool("toolbox_jq", {"filter": ".a", "input": {"a": 42}})
            assert not result.is_error, result
            print(json.dumps({
                "version": client.protocol_version,
                "tools": [tool.name for tool in tools.tools],
                "result": result.structured_content,
            }))


asyncio.run(main(*sys.argv[1:]))
