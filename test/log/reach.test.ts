import { expect, onTestFinished, test } from 'vitest'
import { Redis } from 'ioredis'
import { quoteEvent } from '../support/events.ts'
import { openLog, testLog } from '../support/live-server.ts'

const MIB = 2 ** 20
const RETENTION_MS = 3_600_000

test('the log says how far back it reaches at the present rate, and it does', { timeout: 90_000 }, async () => {
  const { url } = await testLog()
  const log = await openLog(url, { maxBytes: 24 * MIB, retentionMs: RETENTION_MS })
  const redis = new Redis(url)
  onTestFinished(() => redis.disconnect())
  expect(await log.reachSeconds()).toBe(RETENTION_MS / 1000)
  const batch = Array.from({ length: 10 }, (_, at) => quoteEvent(`S${at}`, 1, { name: 'x'.repeat(6000) }))
  const appended: Promise<void>[] = []
  const timer = setInterval(() => appended.push(log.append(batch)), 20)
  onTestFinished(() => clearInterval(timer))
  const reached = async () => {
    const [[oldest] = ['0-0']] = (await redis.xrange('log:1:{0}', '-', '+', 'COUNT', 1)) as [string, string[]][]
    const [seconds, micros] = (await redis.time()) as unknown as [string, string]
    return Number(seconds) + Number(micros) / 1e6 - Number.parseInt(oldest) / 1000
  }
  // Trimmed many times, so that what it reached is seen at every fill.
  const truths: number[] = []
  const told: number[] = []
  await expect.poll(async () => (await log.reach(0)).isWhole, { timeout: 40_000 }).toBe(false)
  for (let second = 0; second < 16; second++) {
    await new Promise((resolve) => setTimeout(resolve, 1000))
    truths.push(await reached())
    told.push(await log.reachSeconds())
  }
  clearInterval(timer)
  await Promise.all(appended)
  const truth = truths.slice(6).reduce((sum, each) => sum + each) / truths.slice(6).length
  expect(told.at(-1)! / truth).toBeGreaterThan(0.9)
  expect(told.at(-1)! / truth).toBeLessThan(1.1)
})
