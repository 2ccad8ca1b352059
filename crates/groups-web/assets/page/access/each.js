/** One request for each of several people, because the server takes one at a time. */

/**
 * Runs a call for each item in turn. A failure does not stop the others.
 * @template Item, Result
 * @param {Item[]} items
 * @param {(item: Item) => Promise<Result>} call
 * @returns {Promise<{ done: Result[], failed: { item: Item, reason: string } | null }>} `failed`: the first
 */
export async function each(items, call) {
  const done = [];
  let failed = null;
  for (const item of items) {
    try {
      done.push(await call(item));
    } catch (error) {
      failed ??= { item, reason: error instanceof Error ? error.message : String(error) };
    }
  }
  return { done, failed };
}
