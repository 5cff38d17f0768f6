import { desc, lt } from './drizzle.ts'
import type { Database } from './client.ts'
import { present } from './rows.ts'
import { auditLog } from './schema/accounts.ts'

/** What an administrator did: `actor` is a user's name, `action` a verb such as `key.revoke`, `target` what it was done to. */
export type AuditEntry = { actor: string; action: string; target?: string; details?: Record<string, unknown> }

/** Entries are only ever added. */
export function createAuditStore({ db }: Pick<Database, 'db'>) {
  return {
    async append(entry: AuditEntry): Promise<void> {
      await db.insert(auditLog).values(entry)
    },

    /** Newest first; `before` is the id of the last entry of the page before. */
    async list({
      limit,
      before
    }: {
      limit: number
      before?: number
    }): Promise<(AuditEntry & { id: number; at: string })[]> {
      const rows = await db
        .select()
        .from(auditLog)
        .where(before === undefined ? undefined : lt(auditLog.id, before))
        .orderBy(desc(auditLog.id))
        .limit(limit)
      return rows.map(present)
    }
  }
}
