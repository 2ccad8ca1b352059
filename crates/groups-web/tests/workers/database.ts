/** What the workers need of a database with transactions. Write it for yours, for example with `pg`. */
export interface Database {
  /** Runs the work in one transaction, which is rolled back if the work throws. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
}

/** Executes a statement in the transaction; returns the rows. */
export type Sql = (statement: string, ...values: string[]) => Promise<Record<string, unknown>[]>;

/** Marks a message as handled. Returns whether it is new. */
export async function isNew(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql("INSERT INTO handled (id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id", id);
  return rows.length === 1;
}
