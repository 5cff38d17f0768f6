import { rm } from 'node:fs/promises'
import { createDatabase } from '../../db/client.ts'
import { createKeyStore, SHOWN_CHARACTERS } from '../../db/keys.ts'
import { createUserStore } from '../../db/users.ts'
import { keptSecret, readSecret } from '../embedded/secret.ts'
import { Scope } from '../auth/principal.ts'

const USER = 'admin'

/**
 * The key that `npm start` shows, with every scope: made once and kept in `file`, because the database knows its hash
 * only. Made anew when the database does not know it (a new one, for example); undefined when it was revoked, which is
 * somebody's decision.
 */
export async function firstKey(databaseUrl: string, file: string): Promise<string | undefined> {
  const database = createDatabase({ url: databaseUrl, applicationName: 'quotewire-start' })
  try {
    const keys = createKeyStore(database)
    const users = createUserStore(database)
    const kept = await readSecret(file)
    if (kept !== undefined) {
      if (await keys.findKey(kept)) return kept
      const known = await keys.hasPrefix(kept.slice(0, SHOWN_CHARACTERS))
      if (known) return undefined
      await rm(file)
    }
    return await keptSecret(file, async () => {
      const user = (await users.createUser({ name: USER })) ?? (await users.findByName(USER))
      const { key } = await keys.createKey({ userId: user!.id, scopes: Scope.enum, label: 'first key' })
      return key
    })
  } finally {
    await database.close()
  }
}
