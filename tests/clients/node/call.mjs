// Lists the tools, calls one, and lets one ask, with the official TypeScript client, as a user's program would.
//
// Arguments: "http" with the endpoint and an API key, or "stdio" with the command line of the server.
// Prints one JSON object a protocol era: the version, the names of the tools, a structured result, what a tool that
// asked was answered, the progress that a tool told, and the resources that were updated after subscribing to one.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";
import process from "node:process";

// This file is in the repository, its packages are in a cache.
const modules = createRequire(path.join(process.env.BULKHEAD_NODE_MODULES, "package.json"));
const load = (name) => import(pathToFileURL(modules.resolve(name)).href);
const { Client, StreamableHTTPClientTransport } = await load("@modelcontextprotocol/client");
const { StdioClientTransport } = await load("@modelcontextprotocol/client/stdio");

const [transport, ...rest] = process.argv.slice(2);

function connectTo() {
  if (transport === "http") {
    const [url, key] = rest;
    return new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { authorization: `Bearer ${key}` } },
    });
  }
  const [command, ...args] = rest;
  return new StdioClientTransport({ command, args, stderr: "ignore" });
}

for (const mode of ["auto", "legacy"]) {
  const client = new Client(
    { name: "scenario", version: "0" },
    { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
  );
  client.setRequestHandler("elicitation/create", async () => ({
    action: "accept",
    content: { username: "ada", email: "ada@example.com" },
  }));
  await client.connect(connectTo());
  const { tools } = await client.listTools();
  const called = await client.callTool({ name: "toolbox_jq", arguments: { filter: ".a", input: { a: 42 } } });
  const elicited = await client.callTool({ name: "test_elicitation", arguments: { message: "Who are you?" } });
  const progress = [];
  await client.callTool(
    { name: "test_tool_with_progress", arguments: {} },
    { onprogress: (told) => progress.push(told.progress) },
  );
  const updated = [];
  const heard = new Promise((resolve) => {
    client.setNotificationHandler("notifications/resources/updated", (told) => {
      updated.push(told.params.uri);
      resolve();
    });
  });
  const watched = "test://watched-resource";
  const subscription =
    mode === "legacy"
      ? await client.subscribeResource({ uri: watched })
      : await client.listen({ resourceSubscriptions: [watched] });
  await client.callTool({ name: "test_touch_watched_resource", arguments: {} });
  await heard;
  await subscription.close?.();
  console.log(
    JSON.stringify({
      version: client.getNegotiatedProtocolVersion(),
      tools: tools.map((tool) => tool.name),
      result: called.structuredContent,
      elicited: elicited.content[0].text,
      progress,
      updated,
    }),
  );
  await client.close();
}
