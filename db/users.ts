import { asc, eq } from 'drizzle-orm'
import type { Database } from './client.ts'
import { users, type Plan } from './schema/accounts.ts'

export type User = { id: string; name: string; plan: Plan; disabled: boolean; createdAt: string }

export type UserStore = ReturnType<typeof createUserStore>

export function createUserStore({ db }: Pick<Database, 'db'>) {
  return {
    /** Undefined where the name is taken. */
    async createUser({ name, plan = 'standard' }: { name: string; plan?: Plan }): Promise<User | undefined> {
      const [user] = await db.insert(users).values({ name, plan }).onConflictDoNothing().returning()
      return user
    },

    async find(id: string): Promise<User | undefined> {
      const [user] = await db.select().from(users).where(eq(users.id, id))
      return user
    },

    async findByName(name: string): Promise<User | undefined> {
      const [user] = await db.select().from(users).where(eq(users.name, name))
      return user
    },

    /** By name. */
    list: (): Promise<User[]> => db.select().from(users).orderBy(asc(users.name)),

    /** Changes the plan, or disables and enables. Undefined where there is no such user. */
    async update(id: string, changes: { plan?: Plan; disabled?: boolean }): Promise<User | undefined> {
      const [user] = await db.update(users).set(changes).where(eq(users.id, id)).returning()
      return user
    }
  }
}
