// Calls a tool with the official TypeScript client, which knows nothing but the endpoint's URL and finds out by itself who
// gives it a token.
//
// Arguments: the endpoint, and who asks: "agent" with the issuer for the client credentials flow; "person" for authorization
// code with PKCE as a client that is registered already; "stranger" for the same as one that registers itself.
// Where a person has to go is said on standard error, after "open: "; the client waits for their browser on this machine.
// Prints one JSON object: the version of the protocol, a structured result, and the scope and issuer of the token; of a client
// with a refresh token also whether it got itself another access token with that.

import { createRequire } from "node:module";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import path from "node:path";
import process from "node:process";

// This file is in the repository, its packages are in a cache.
const modules = createRequire(path.join(process.env.BULKHEAD_NODE_MODULES, "package.json"));
const load = (name) => import(pathToFileURL(modules.resolve(name)).href);
const { Client, StreamableHTTPClientTransport, ClientCredentialsProvider, UnauthorizedError } = await load(
  "@modelcontextprotocol/client",
);

const [endpoint, flow, expectedIssuer] = process.argv.slice(2);

// Where the person's browser comes back to.
let came;
const back = new Promise((resolve) => (came = resolve));
const listener = createServer((request, response) => {
  response.end("You can close this window.");
  came(new URL(request.url, "http://127.0.0.1").searchParams);
});
await new Promise((listening) => listener.listen(0, "127.0.0.1", listening));

// A client whose person has a browser.
class Person {
  redirectUrl = `http://127.0.0.1:${listener.address().port}/callback`;
  clientMetadata = {
    client_name: "scenario",
    redirect_uris: [this.redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "none",
  };
  information = flow === "person" ? { client_id: "person" } : undefined;
  clientInformation = () => this.information;
  saveClientInformation = (information) => {
    this.information = information;
  };
  tokens = () => this.saved;
  saveTokens = (tokens) => {
    this.saved = tokens;
  };
  saveCodeVerifier = (verifier) => {
    this.verifier = verifier;
  };
  codeVerifier = () => this.verifier;
  redirectToAuthorization = (url) => {
    this.sent = true;
    console.error(`open: ${url}`);
  };
}

const person = new Person();
const authProvider =
  flow === "agent"
    ? new ClientCredentialsProvider({ clientId: "agent", clientSecret: "secret", expectedIssuer })
    : person;

async function connect() {
  const client = new Client({ name: "scenario", version: "0" }, { versionNegotiation: { mode: "auto" } });
  const transport = new StreamableHTTPClientTransport(new URL(endpoint), { authProvider });
  try {
    await client.connect(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || !person.sent) {
      throw error;
    }
    await transport.finishAuth(await back);
    person.sent = false;
    return connect();
  }
  return client;
}

const call = (client) => client.callTool({ name: "toolbox_jq", arguments: { filter: ".a", input: { a: 42 } } });
const client = await connect();
const called = await call(client);
const { access_token: token, refresh_token: refreshToken } = await authProvider.tokens();
const { iss, scope } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
let refreshed;
if (refreshToken !== undefined) {
  // As if its time were over.
  person.saved = { ...person.saved, access_token: token.slice(0, -8) };
  await call(client);
  refreshed = person.saved.refresh_token !== refreshToken && !person.sent;
}
console.log(
  JSON.stringify({ version: client.getNegotiatedProtocolVersion(), result: called.structuredContent, iss, scope, refreshed }),
);
await client.close();
listener.close();
