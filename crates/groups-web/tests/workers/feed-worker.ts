import { setTimeout } from "node:timers/promises";

import { isNew, type Database, type Sql } from "./database.js";

interface LogChange {
  group_id: string;
  version: number;
  cursor: string;
  action: string;
  user_id?: string;
}

/** Runs until it fails. Start it again then: it continues where it was. */
export async function work(db: Database, url: string, token: string): Promise<never> {
  const [saved] = await db.transaction((sql) => sql("SELECT cursor FROM position"));
  let after = saved?.["cursor"] as string | undefined;
  for (;;) {
    const query = new URLSearchParams({ wait: "30", ...(after ? { after } : {}) });
    const answer = await fetch(`${url}/v1/admin/changes?${query}`, {
      headers: { authorization: `Bearer ${token}` },
    }).catch(() => undefined);
    if (!answer || answer.status === 429 || answer.status >= 500) {
      await setTimeout(1000 + Math.random() * 4000);
      continue;
    }
    if (!answer.ok) throw new Error(`the changes cannot be read: ${answer.status} ${await answer.text()}`);
    const page = (await answer.json()) as { changes: LogChange[]; next: string };
    for (const change of page.changes) {
      await db.transaction(async (sql) => {
        if (await isNew(sql, `${change.group_id}.${change.version}`)) await react(sql, change);
        await sql("INSERT INTO position VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET cursor = $1", change.cursor);
      });
    }
    after = page.next;
  }
}

/** What the change means to you: here, a mail to each user who was added. */
async function react(sql: Sql, change: LogChange): Promise<void> {
  if (change.action === "member_added" && change.user_id) {
    await sql("INSERT INTO mails (user_id, group_id) VALUES ($1, $2)", change.user_id, change.group_id);
  }
}
