// An authorization server: oidc-provider, with JWT access tokens for whatever resource is asked for.
//
// Arguments: the port (0: any free one), the algorithm of access tokens, and a redirect URI of the client "bulkhead". Its keys are new at each start, so to start it
// again on the same port is to rotate them. Says on standard error "ready at" and its URL.
// Clients: "agent" and "stranger" with the grant client_credentials and the secret "secret", and "person", which is public
// and has the authorization code flow, where whoever comes is signed in as ada, or as the login_hint says, and agrees. The
// address of whoever is called unproven-something is not verified. "bulkhead" has it too, with the
// secret "bulkhead-client-secret" and refresh tokens that are rotated. Each request for tokens that is granted or refused
// is a line on standard error: "token" and how.

import { createRequire } from "node:module";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import path from "node:path";
import process from "node:process";

// This file is in the repository, its packages are in a cache.
const modules = createRequire(path.join(process.env.BULKHEAD_NODE_MODULES, "package.json"));
const { Provider } = await import(pathToFileURL(modules.resolve("oidc-provider")).href);

const [port, alg, redirect] = process.argv.slice(2);
const SCOPES = "mcp mcp:write";

function key(kty, options, alg) {
  const jwk = generateKeyPairSync(kty, options).privateKey.export({ format: "jwk" });
  return { ...jwk, alg, use: "sig", kid: randomUUID() };
}

const keys = [
  key("rsa", { modulusLength: 2048 }, "RS256"),
  key("ec", { namedCurve: "P-256" }, "ES256"),
  key("ed25519", {}, "EdDSA"),
];

const confidential = (client_id) => ({
  client_id,
  client_secret: "secret",
  grant_types: ["client_credentials"],
  redirect_uris: [],
  response_types: [],
});

let handle;
const server = createServer((request, response) => handle(request, response));
server.listen(Number(port), "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    jwks: { keys },
    cookies: { keys: ["not a secret"] },
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256", "EdDSA"] },
    clients: [
      confidential("agent"),
      confidential("stranger"),
      {
        client_id: "person",
        token_endpoint_auth_method: "none",
        application_type: "native",
        redirect_uris: ["http://127.0.0.1/callback"],
      },
      ...(redirect
        ? [
            {
              client_id: "bulkhead",
              client_secret: "bulkhead-client-secret",
              grant_types: ["authorization_code", "refresh_token"],
              redirect_uris: [redirect],
            },
          ]
        : []),
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: sub, email: `${sub}@example.com`, email_verified: !sub.startsWith("unproven") }),
    }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    rotateRefreshToken: true,
    issueRefreshToken: async (_, client) => client.grantTypeAllowed("refresh_token"),
    features: {
      revocation: { enabled: true },
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => ({
          audience: resource,
          scope: SCOPES,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg } },
        }),
      },
    },
  });

  // What a person would do in a browser.
  async function interact(request, response) {
    const { params } = await provider.interactionDetails(request, response);
    const accountId = params.login_hint ?? "ada";
    const grant = new provider.Grant({ accountId, clientId: params.client_id });
    grant.addOIDCScope("openid profile email");
    if (params.resource) grant.addResourceScope(params.resource, params.scope);
    const grantId = await grant.save();
    await provider.interactionFinished(request, response, { login: { accountId }, consent: { grantId } });
  }

  provider.on("grant.success", (ctx) => {
    // Nowhere else may the tests find them.
    for (const name of ["access_token", "refresh_token", "id_token"]) {
      if (ctx.body?.[name]) console.error(`issued ${ctx.body[name]}`);
    }
    console.error(`token granted for ${ctx.oidc.params.grant_type}`);
  });
  provider.on("grant.error", (_, error) => console.error(`token refused: ${error.message}`));
  provider.on("revocation.error", (_, error) => console.error(`revocation refused: ${error.message}`));
  provider.on("refresh_token.destroyed", () => console.error("refresh token destroyed"));
  const callback = provider.callback();
  handle = (request, response) =>
    request.url.startsWith("/interaction/")
      ? interact(request, response).catch((error) => response.writeHead(500).end(String(error)))
      : callback(request, response);
  console.error(`ready at ${issuer}`);
});
