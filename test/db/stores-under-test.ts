import { afterAll, beforeAll } from 'vitest'
import { createDatabase, type Database } from '../../db/client.ts'
import { createStores, type Stores } from '../../db/stores.ts'
import { testDatabase } from '../support/services.ts'

export type StoresUnderTest = { readonly url: string; readonly database: Database; readonly stores: Stores }

/** Stores over a database of the calling file alone. */
export function storesUnderTest(): StoresUnderTest {
  const held: { url?: string; database?: Database; stores?: Stores; end?: () => Promise<void> } = {}
  beforeAll(async () => {
    const server = await testDatabase()
    const database = createDatabase({ url: server.url })
    Object.assign(held, { url: server.url, database, stores: createStores(database) })
    held.end = async () => {
      await database.close()
      await server.close()
    }
  })
  afterAll(() => held.end?.())
  return held as StoresUnderTest
}
