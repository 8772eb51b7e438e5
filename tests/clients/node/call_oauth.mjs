// Calls a tool with the official TypeScript client, which knows nothing but the endpoint's URL and finds out by itself who
// gives it a token.
//
// Arguments: the endpoint, and "agent" with the issuer for the client credentials flow, or "person" for authorization code
// with PKCE.
// Prints one JSON object: the version of the protocol, a structured result, and the scope and issuer of the token.

import { createRequire } from "node:module";
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

// Follows redirects as a browser does, keeping cookies, until one leaves for the client's own address.
async function browse(url, until) {
  const jar = new Map();
  for (let hops = 0; hops < 10; hops += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const set of answer.headers.getSetCookie()) {
      const [name, value] = set.split(";")[0].split("=", 2);
      jar.set(name, value);
    }
    const location = answer.headers.get("location");
    if (location === null) {
      throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
    }
    url = new URL(location, url);
    if (url.href.startsWith(until)) {
      return url;
    }
  }
  throw new Error("too many redirects");
}

// A client that is registered already, and whose person has a browser.
class Person {
  redirectUrl = "http://127.0.0.1/callback";
  clientMetadata = { client_name: "scenario", redirect_uris: [this.redirectUrl], token_endpoint_auth_method: "none" };
  clientInformation = () => ({ client_id: "person" });
  tokens = () => this.saved;
  saveTokens = (tokens) => {
    this.saved = tokens;
  };
  saveCodeVerifier = (verifier) => {
    this.verifier = verifier;
  };
  codeVerifier = () => this.verifier;
  redirectToAuthorization = async (url) => {
    this.came = await browse(url, this.redirectUrl);
  };
}

const person = new Person();
const authProvider =
  flow === "person"
    ? person
    : new ClientCredentialsProvider({ clientId: "agent", clientSecret: "secret", expectedIssuer });

async function connect() {
  const client = new Client({ name: "scenario", version: "0" }, { versionNegotiation: { mode: "auto" } });
  const transport = new StreamableHTTPClientTransport(new URL(endpoint), { authProvider });
  try {
    await client.connect(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || person.came === undefined) {
      throw error;
    }
    await transport.finishAuth(person.came.searchParams);
    person.came = undefined;
    return connect();
  }
  return client;
}

const client = await connect();
const called = await client.callTool({ name: "toolbox_jq", arguments: { filter: ".a", input: { a: 42 } } });
const { access_token: token } = await authProvider.tokens();
const { iss, scope } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
console.log(
  JSON.stringify({ version: client.getNegotiatedProtocolVersion(), result: called.structuredContent, iss, scope }),
);
await client.close();
