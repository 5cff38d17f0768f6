import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { tradeEvent } from '../support/events.ts'
import { openLog, testLog } from '../support/live-server.ts'

const STREAM = 'log:1:{0}'

test.each([
  ['entries of version 1 only', ''],
  ['no narrow records', 'quotewire-log-reader']
])('while a process runs that reads %s, events are written so that it can', async (_, connectionName) => {
  const { url } = await testLog()
  const redis = new Redis(url)
  const former = new Redis(url, { connectionName })
  onTestFinished(() => [redis, former].forEach((each) => each.disconnect()))
  // Other tests read other databases of the same server.
  const database = new RegExp(` db=${new URL(url).pathname.slice(1)} .* cmd=xread`)
  const isRead = async () => ((await redis.client('LIST')) as string).split('\n').some((line) => database.test(line))
  const versionWritten = async () => {
    const log = await openLog(url)
    await log.append([tradeEvent('AAPL', 1, 1)])
    const [row] = await redis.xrevrangeBuffer(STREAM, '+', '-', 'COUNT', 1)
    return row![1][1]![0]
  }
  expect(await versionWritten()).toBe(2)
  const read = former.xread('BLOCK', 0, 'STREAMS', STREAM, '$').catch(() => undefined)
  await expect.poll(isRead).toBe(true)
  expect(await versionWritten()).toBe(1)
  await read
  former.disconnect()
  await expect.poll(isRead).toBe(false)
  expect(await versionWritten()).toBe(2)
})
