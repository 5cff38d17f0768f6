import { expect, test } from 'vitest'
import { isTooOldRedis } from '../../src/redis/connections.ts'

test('a Redis that cannot trim the event log by age is told from those that can', () => {
  expect(['5.0.14', '6.0.16', '6.1.0'].filter((version) => !isTooOldRedis(version))).toEqual([])
  expect(['6.2.0', '6.10.1', '7.0.15', '8.4.0'].filter(isTooOldRedis)).toEqual([])
})
