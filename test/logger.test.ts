import { expect, test } from 'vitest'
import { createDatabase } from '../db/client.ts'
import { createStores } from '../db/stores.ts'
import { toldError } from '../src/logger.ts'

const NOBODY = 'postgres://quotewire:password@127.0.0.1:1/quotewire'

test('the log of a failed statement says why it failed, and nothing of a key', async () => {
  const database = createDatabase({ url: NOBODY })
  const error = await createStores(database)
    .keys.findKey('qw_0123456789abcdef0123456789abcdef0123456789a')
    .catch((thrown: Error & { params: unknown[] }) => thrown)
  if (!(error instanceof Error)) throw new Error('the key was looked up')
  const hash = String(error.params[0])
  expect(hash.length).toBeGreaterThan(20)
  expect(error.message).toContain(hash)

  const asCause = new Error('no token', { cause: error })
  for (const told of [error, asCause].map((each) => JSON.stringify(toldError(each)))) {
    expect(told).not.toContain(hash)
    expect(told).toContain('ECONNREFUSED')
    expect(told).toContain('api_keys')
  }
  await database.close()
})
