import { asc, desc, eq, getTableColumns, gt, or } from './drizzle.ts'
import type { Database } from './client.ts'
import { users, type Plan } from './schema/accounts.ts'

export type User = { id: string; name: string; plan: Plan; disabled: boolean; createdAt: string }

/**
 * What two names share that a reader takes for the same: letters in either case, and what dots and spaces stand at the
 * end.
 */
export function canonicalNameOf(name: string): string {
  return name.toLowerCase().replace(/[ .]+$/, '')
}

export function createUserStore({ db }: Pick<Database, 'db'>) {
  const { canonicalName: _, ...shown } = getTableColumns(users)

  return {
    /** Undefined where the name is taken, or looks like one that is. */
    async createUser({ name, plan = 'standard' }: { name: string; plan?: Plan }): Promise<User | undefined> {
      const [user] = await db
        .insert(users)
        .values({ name, canonicalName: canonicalNameOf(name), plan })
        .onConflictDoNothing()
        .returning(shown)
      return user
    },

    async count(): Promise<number> {
      return db.$count(users)
    },

    async find(id: string): Promise<User | undefined> {
      const [user] = await db.select(shown).from(users).where(eq(users.id, id))
      return user
    },

    /** The user of that name, or the one whose name looks like it. */
    async findByName(name: string): Promise<User | undefined> {
      const [user] = await db
        .select(shown)
        .from(users)
        .where(or(eq(users.name, name), eq(users.canonicalName, canonicalNameOf(name))))
        .orderBy(desc(eq(users.name, name)))
        .limit(1)
      return user
    },

    /** By name, those behind one (''), at most so many. */
    list: (limit: number, after: string): Promise<User[]> =>
      db.select(shown).from(users).where(gt(users.name, after)).orderBy(asc(users.name)).limit(limit),

    /** Deletes a user with all keys. Undefined where there is no such user. */
    async remove(id: string): Promise<User | undefined> {
      const [user] = await db.delete(users).where(eq(users.id, id)).returning(shown)
      return user
    },

    /** Changes the plan, or disables and enables. Undefined where there is no such user. */
    async update(id: string, changes: { plan?: Plan; disabled?: boolean }): Promise<User | undefined> {
      const [user] = await db.update(users).set(changes).where(eq(users.id, id)).returning(shown)
      return user
    }
  }
}
