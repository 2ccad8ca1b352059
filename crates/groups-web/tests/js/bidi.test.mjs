// Names next to other text.
import assert from "node:assert/strict";
import { test } from "node:test";

import { tamed } from "../../assets/client/bidi.js";
import { isolated } from "../../assets/groups-client.js";

test("an ordinary name stays unchanged", () => {
  for (const name of ["Team", "Project Team 7", "Équipe d'été", "Команда", "项目团队", "プロジェクト"]) {
    assert.deepEqual([isolated(name), tamed(name)], [name, name]);
  }
});

test("a name whose direction matters is isolated", () => {
  for (const name of ["\u202Emaet", "Team\u202E", "فريق", "צוות 7", "C++", "7 up", "(x)", "\u2067Team\u2069", "👨\u200D👩\u200D👧", ""]) {
    assert.equal(isolated(name), `\u2068${name}\u2069`);
  }
});

test("no name ends its isolate early or leaves one open", () => {
  for (const [name, becomes] of [
    ["\u2069\u202Eevil", "\u202Eevil"],
    ["\u2067Team", "\u2067Team\u2069"],
    ["\u2066\u2067\u2069Team", "\u2066\u2067\u2069Team\u2069"],
    ["\u2068a\u2069\u2069b", "\u2068a\u2069b"],
    ["a\u2029\u202Eb", "a \u202Eb"],
    ["a\u2028\r\n\u0085b", "a b"],
  ]) {
    assert.equal(tamed(name), becomes);
    assert.equal(isolated(name), `\u2068${becomes}\u2069`);
    assert.equal(tamed(tamed(name)), tamed(name));
  }
});
