// Calls a tool that takes long over stdio, and cancels the call when its job runs, with the official TypeScript client.
//
// Arguments: the URL of REST beside the server and an API key, then the command line of the server.
// Prints one JSON object a protocol era: the version, and the job as it ended while the server still ran.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";

// This file is in the repository, its packages are in a cache.
const modules = createRequire(path.join(process.env.BULKHEAD_NODE_MODULES, "package.json"));
const load = (name) => import(pathToFileURL(modules.resolve(name)).href);
const { Client } = await load("@modelcontextprotocol/client");
const { StdioClientTransport } = await load("@modelcontextprotocol/client/stdio");

const [url, key, command, ...args] = process.argv.slice(2);

async function get(place) {
  const response = await fetch(`${url}${place}`, { headers: { authorization: `Bearer ${key}` } });
  if (!response.ok) throw new Error(`${place}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function eventually(look) {
  for (;;) {
    const found = await look();
    if (found) return found;
    await pause(50);
  }
}

for (const mode of ["auto", "legacy"]) {
  const client = new Client({ name: "scenario", version: "0" }, { versionNegotiation: { mode } });
  await client.connect(new StdioClientTransport({ command, args, stderr: "ignore" }));
  const abort = new AbortController();
  const call = client.callTool({ name: "hostile_sleep", arguments: { ms: 25_000 } }, { signal: abort.signal });
  const refused = call.then(
    () => false,
    () => true,
  );
  const { id } = await eventually(async () => (await get("/v1/jobs?status=running")).items[0]);
  abort.abort("nobody needs it any more");
  const job = await eventually(async () => {
    const job = await get(`/v1/jobs/${id}`);
    return job.finished_at && job;
  });
  const version = client.getNegotiatedProtocolVersion();
  console.log(JSON.stringify({ version, refused: await refused, job }));
  await client.close();
}
