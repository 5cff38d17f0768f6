import { Redis } from 'ioredis'
import { describe, onTestFinished } from 'vitest'
import { openLog, testLog } from '../support/live-server.ts'
import { describeLog } from './contract.ts'

async function sharedLog() {
  const { url } = await testLog()
  const redis = new Redis(url)
  onTestFinished(() => redis.disconnect())
  return { open: () => openLog(url), empty: async () => void (await redis.flushdb()) }
}

describe('the log in Redis Streams', () => {
  describeLog(async (shards) => (await testLog({ shards })).log, sharedLog)
})
