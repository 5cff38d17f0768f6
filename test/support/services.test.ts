import postgres from 'postgres'
import { expect, test } from 'vitest'
import { testDatabase, testRedis } from './services.ts'

test('two tests never see each other’s keys', async () => {
  const [one, other] = await Promise.all([testRedis(), testRedis()])
  await one.redis.set('key', 'one')
  expect(one.url).not.toBe(other.url)
  expect(await other.redis.dbsize()).toBe(0)
  await Promise.all([one.close(), other.close()])
})

test('two tests never see each other’s rows, and both find the schema', async () => {
  const [one, other] = await Promise.all([testDatabase(), testDatabase()])
  const tables = await Promise.all(
    [one, other].map(async ({ url }) => {
      const sql = postgres(url, { max: 1 })
      const rows = await sql`select current_database() as name, to_regclass('users') is not null as migrated`
      await sql.end()
      return rows[0]
    })
  )
  expect(tables.map((row) => row?.migrated)).toEqual([true, true])
  expect(new Set(tables.map((row) => row?.name)).size).toBe(2)
  await Promise.all([one.close(), other.close()])
})
