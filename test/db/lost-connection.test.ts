import { expect, test, vi } from 'vitest'
import type { BarRequest } from '../../src/market/bar.ts'
import { storesUnderTest } from './stores-under-test.ts'
import { series } from './values.ts'

const under = storesUnderTest()

test('bars whose connection is lost in the middle cost neither the process nor a bar, and the next try writes them', async () => {
  const { bars } = under.stores
  const given = series({ symbol: 'LOST' })
  const request: BarRequest = { ...given, from: Date.parse('2024-03-01'), to: Date.parse('2024-03-31') }
  await interrupted(() => bars.upsert(given))
  expect(await bars.range(request)).toBeUndefined()

  expect(await bars.upsert(given)).toBe(2)
  expect((await bars.range(request))?.bars).toStrictEqual(given.bars)
})

/** Holds the table until a write waits for it, and then ends that write's connection. */
async function interrupted(write: () => Promise<unknown>): Promise<void> {
  const { sql } = under.database
  await sql.begin(async (tx) => {
    await tx`lock table daily_bars in access exclusive mode`
    const failure = expect(write()).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' })
    const end = async () => {
      const ended = await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%daily_bars%'`
      expect(ended).toHaveLength(1)
    }
    await vi.waitFor(end, { timeout: 10_000 })
    await failure
  })
}
