// An OpenID Connect provider (`oidc-provider`), and an app whose users sign in with it.
//
// node provider.mjs NODE_MODULES [PORT]
//
// Prints one JSON object for each line of its input:
//   login NAME SECONDS   authorization code flow with PKCE: {"token"}, valid for SECONDS
//   client SCOPE         client credentials: {"token"}
//   rotate               new keys, which replace the old ones: {}
// and at the start {"issuer","jwks"}.

import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import http from "node:http";
import { createInterface } from "node:readline";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

// Standard output is for answers only.
console.info = console.error;

const [, , modules, port = "0"] = process.argv;
const { Provider } = await import(pathToFileURL(resolve(modules, "oidc-provider/lib/index.js")).href);

const RESOURCE = "https://groups.example/";
const REDIRECT = "https://app.example/callback";
let issuer = "";
let account = "";
let seconds = 600;

/** @param {string} name @param {string} alg @param {object} options */
function key(name, alg, options) {
  const jwk = generateKeyPairSync(name, options).privateKey.export({ format: "jwk" });
  return { ...jwk, alg, use: "sig", kid: randomBytes(8).toString("hex") };
}

function provider() {
  const made = new Provider(issuer, {
    clients: [
      { client_id: "app", token_endpoint_auth_method: "none", redirect_uris: [REDIRECT], grant_types: ["authorization_code"] },
      { client_id: "backend", client_secret: "a secret of the backend", redirect_uris: [], response_types: [], grant_types: ["client_credentials"] },
    ],
    jwks: { keys: [key("rsa", "RS256", { modulusLength: 2048 }), key("ec", "ES256", { namedCurve: "P-256" })] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: (_, token) => (token.accountId ? { name: `${token.accountId} of the provider` } : {}),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: "groups:read groups:admin",
          audience: "groups",
          accessTokenFormat: "jwt",
          accessTokenTTL: seconds,
          jwt: { sign: { alg: "ES256" } },
        }),
      },
    },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    loadExistingGrant: async ({ oidc }) => {
      const grant = new made.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope("openid");
      await grant.save();
      return grant;
    },
  });
  return made;
}

/** @type {Provider} */
let current;
const server = http.createServer((request, response) => {
  if (!request.url?.startsWith("/interaction/")) return current.callback()(request, response);
  void current.interactionFinished(request, response, { login: { accountId: account } });
});
await new Promise((listening) => server.listen(Number(port), "127.0.0.1", () => listening(undefined)));
// Longer than it takes to make new keys.
server.keepAliveTimeout = 60_000;
issuer = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
current = provider();

/** @param {Record<string, string>} form @param {Record<string, string>} [headers] */
async function token(form, headers = {}) {
  const answer = await fetch(`${issuer}/token`, { method: "POST", headers, body: new URLSearchParams({ ...form, resource: RESOURCE }) });
  const body = await answer.json();
  if (!body.access_token) throw new Error(JSON.stringify(body));
  return { token: body.access_token };
}

/** What the user's browser and the app do. */
async function login() {
  const verifier = randomBytes(32).toString("base64url");
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  let url = new URL(`${issuer}/auth`);
  url.search = new URLSearchParams({
    client_id: "app", response_type: "code", scope: "openid", redirect_uri: REDIRECT, resource: RESOURCE,
    code_challenge: challenge, code_challenge_method: "S256",
  }).toString();
  /** @type {Map<string, string>} */
  const cookies = new Map();
  while (!url.href.startsWith(REDIRECT)) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const set of answer.headers.getSetCookie()) {
      const [name, ...value] = set.split(";")[0].split("=");
      cookies.set(name, value.join("="));
    }
    const location = answer.headers.get("location");
    if (!location) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
    url = new URL(location, issuer);
  }
  const code = url.searchParams.get("code");
  if (!code) throw new Error(url.href);
  return token({ grant_type: "authorization_code", client_id: "app", code, redirect_uri: REDIRECT, code_verifier: verifier });
}

console.log(JSON.stringify({ issuer, jwks: `${issuer}/jwks` }));
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...words] = line.trim().split(" ");
  let answer = {};
  if (command === "login") {
    [account] = words;
    seconds = Number(words[1]);
    answer = await login();
  } else if (command === "client") {
    const basic = Buffer.from("backend:a+secret+of+the+backend").toString("base64");
    answer = await token({ grant_type: "client_credentials", scope: words.join(" ") }, { authorization: `Basic ${basic}` });
  } else if (command === "rotate") {
    current = provider();
  }
  console.log(JSON.stringify(answer));
}
process.exit(0);
