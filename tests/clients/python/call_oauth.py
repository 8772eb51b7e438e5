"""Calls toolbox_jq with the official client, which knows nothing but the endpoint's URL, registers itself at whoever gives
tokens for it, and sends its person there.

Argument: the endpoint. Where the person has to go is said on standard error, after "open: "; the client waits for their
browser on this machine. Prints one JSON object: the version of the protocol, the call's structured result, and whether the
client got itself another access token by its refresh token.
"""

import asyncio
import json
import sys
import urllib.parse

import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata


class Memory:
    """What the client keeps."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def main(endpoint):
    came = asyncio.get_running_loop().create_future()

    async def answer(reader, writer):
        line = (await reader.readline()).decode()
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(line.split()[1]).query)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 26\r\nconnection: close\r\n\r\nYou can close this window.")
        await writer.drain()
        writer.close()
        came.set_result({name: values[0] for name, values in query.items()})

    async def send_person(url):
        print(f"open: {url}", file=sys.stderr, flush=True)

    async def wait_for_person():
        query = await came
        return AuthorizationCodeResult(code=query["code"], state=query["state"], iss=query["iss"])

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    metadata = OAuthClientMetadata(
        client_name="scenario",
        redirect_uris=[f"http://127.0.0.1:{port}/callback"],
        grant_types=["authorization_code", "refresh_token"],
        token_endpoint_auth_method="none",
    )
    memory = Memory()
    auth = OAuthClientProvider(endpoint, metadata, memory, send_person, wait_for_person)
    async with httpx2.AsyncClient(auth=auth) as http:
        async with Client(streamable_http_client(endpoint, http_client=http), mode="auto") as client:
            result = await client.call_tool("toolbox_jq", {"filter": ".a", "input": {"a": 42}})
            assert not result.is_error, result
            first = memory.tokens
            # As if its time were over.
            auth.context.token_expiry_time = 1
            await client.call_tool("toolbox_jq", {"filter": ".a", "input": {"a": 42}})
            refreshed = first.refresh_token not in (None, memory.tokens.refresh_token)
            said = {"version": client.protocol_version, "result": result.structured_content, "refreshed": refreshed}
    listener.close()
    print(json.dumps(said))


asyncio.run(main(*sys.argv[1:]))
