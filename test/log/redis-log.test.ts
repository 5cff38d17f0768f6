import { describe } from 'vitest'
import { testLog } from '../support/live-server.ts'
import { describeLog } from './contract.ts'

describe('the log in Redis Streams', () => {
  describeLog(async (shards) => (await testLog({ shards })).log)
})
