import { expect, test } from 'vitest'
import { storesUnderTest } from './stores-under-test.ts'

const under = storesUnderTest()

const entry = (key: string, second: number, value: unknown) => ({
  key,
  receivedAt: `2026-11-30T15:00:0${second}.000Z`,
  text: JSON.stringify(value)
})

test('of each key the newest is held, however late an older one comes, and its size in bytes', async () => {
  const { lastGood } = under.stores
  expect(await lastGood.upsert([entry('options:A', 2, { n: 2 }), entry('options:A', 1, { n: 1 })])).toBe(1)
  expect(await lastGood.upsert([entry('options:A', 1, { n: 1 }), entry('options:B', 1, { text: 'ä"' })])).toBe(1)
  expect(await lastGood.find('options:A')).toEqual({ n: 2 })
  expect(await lastGood.find('options:B')).toEqual({ text: 'ä"' })
  expect(await lastGood.find('options:C')).toBeUndefined()
  const sizes = await under.database.sql`select key, bytes from last_good order by key`
  expect(sizes).toEqual([
    { key: 'options:A', bytes: 7 },
    { key: 'options:B', bytes: Buffer.byteLength(JSON.stringify({ text: 'ä"' })) }
  ])
  expect(await lastGood.deleteBefore(Date.parse('2026-11-30T15:00:02.000Z'))).toBe(1)
  expect(await lastGood.find('options:A')).toBeDefined()
})
