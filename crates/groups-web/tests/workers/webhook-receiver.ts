import { createHmac, timingSafeEqual } from "node:crypto";

import { isNew, type Database, type Sql } from "./database.js";

/** How far the timestamp of a message may be from the clock, in seconds. */
const TOLERANCE = 5 * 60;

interface Message {
  type: string;
  group_id: string;
  user_id?: string;
}

/** Answers a request: for `Request` and `Response` of the Fetch standard, as in most web frameworks. */
export async function receive(db: Database, secret: string, request: Request): Promise<Response> {
  const id = request.headers.get("webhook-id") ?? "";
  const timestamp = request.headers.get("webhook-timestamp") ?? "";
  const signatures = request.headers.get("webhook-signature") ?? "";
  const body = await request.text();
  if (!isGenuine(secret, id, timestamp, signatures, body)) return new Response(null, { status: 401 });
  const message = JSON.parse(body) as Message;
  // If it throws, your framework answers 500, and the message is sent again later.
  await db.transaction(async (sql) => {
    if (await isNew(sql, id)) await react(sql, message);
  });
  return new Response(null, { status: 204 });
}

/** Whether one of the signatures is right, and the message is not an old one that somebody repeats. */
function isGenuine(secret: string, id: string, timestamp: string, signatures: string, body: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
  const isRight = (signature: string): boolean => {
    const tag = Buffer.from(signature.replace(/^v1,/, ""), "base64");
    return tag.length === expected.length && timingSafeEqual(tag, expected);
  };
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  return age <= TOLERANCE && signatures.split(" ").some(isRight);
}

/** What the message means to you: here, a mail to each user who was added. */
async function react(sql: Sql, message: Message): Promise<void> {
  if (message.type === "group.member_added" && message.user_id) {
    await sql("INSERT INTO mails (user_id, group_id) VALUES ($1, $2)", message.user_id, message.group_id);
  }
}
