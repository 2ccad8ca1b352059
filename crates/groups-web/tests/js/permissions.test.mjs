// The page offers what the rules allow, for every role and target.
import assert from "node:assert/strict";
import { test } from "node:test";

import { canAdd, canChangeRole, canChangeSettings, canDelete, canLeave, canReadHistory, canRemove, canTransfer, rolesToGive } from "../../assets/groups-client.js";

test("the table of permissions", () => {
  const table = {};
  for (const role of ["owner", "admin", "member"]) {
    const targets = ["owner", "admin", "member"];
    table[role] = {
      add: canAdd(role),
      give: rolesToGive(role).join(" "),
      settings: canChangeSettings(role),
      history: canReadHistory(role),
      delete: canDelete(role),
      transfer: canTransfer(role),
      remove: targets.filter((target) => canRemove(role, target)).join(" "),
      change: targets.filter((target) => canChangeRole(role, target)).join(" "),
      leave: [canLeave(role, 2), canLeave(role, 1)].join(" "),
    };
  }
  assert.deepEqual(table, {
    owner: { add: true, give: "member admin", settings: true, history: true, delete: true, transfer: true, remove: "admin member", change: "admin member", leave: "true false" },
    // An admin can only give `member`, which everyone below already is.
    admin: { add: true, give: "member", settings: true, history: true, delete: false, transfer: false, remove: "member", change: "", leave: "true true" },
    member: { add: false, give: "", settings: false, history: false, delete: false, transfer: false, remove: "", change: "", leave: "true true" },
  });
});
