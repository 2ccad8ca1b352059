// Verifies one message with the library of Standard Webhooks, which is in the node_modules of the first argument.
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {join} from "node:path";

const require = createRequire(join(process.argv[2], "verify.js"));
const {Webhook, WebhookVerificationError} = require(join(process.argv[2], "standardwebhooks"));
const {secret, headers, body} = JSON.parse(readFileSync(0, "utf8"));
try {
  new Webhook(secret).verify(body, headers);
  console.log("valid");
} catch (error) {
  if (!(error instanceof WebhookVerificationError)) throw error;
  console.log("invalid");
}
