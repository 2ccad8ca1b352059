// Checks the AsyncAPI document: `asyncapi.mjs NODE_MODULES ASYNCAPI`. Prints what is wrong, one line each.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [, , modules, file] = process.argv;
const { Parser } = createRequire(`${modules}/`)("@asyncapi/parser");

// The version is chosen for the tools that support it.
const expected = ["asyncapi-latest-version"];
const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf8"));
const found = diagnostics.filter(({ code }) => !expected.includes(code));
for (const { code, message, path } of found) console.log(`${code} at ${path.join("/")}: ${message}`);
if (!document) console.log("the document cannot be read");
