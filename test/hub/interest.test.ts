import { Redis } from 'ioredis'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { Interest, subscribedSymbols } from '../../src/hub/interest.ts'
import { startLive, testLog } from '../support/live-server.ts'

test('what anybody subscribes to anywhere is known everywhere within a second, until the last one leaves', async () => {
  const { url } = await testLog()
  const redis = new Redis(url)
  onTestFinished(() => redis.disconnect())
  const followed: string[] = []
  const follow = (symbol: string) => {
    followed.push(symbol)
    return () => void followed.splice(followed.indexOf(symbol), 1)
  }
  const [one, two] = await Promise.all([startLive(url, { follow }), startLive(url)])
  const wanted = async () => (await subscribedSymbols(redis)).toSorted()
  const [ann, bob] = [one.connect(), two.connect()]
  ann.socket.once('open', () => ann.subscribe(['AAPL', 'MSFT']))
  bob.socket.once('open', () => bob.subscribe(['MSFT', 'TSLA'], { stream: 'trades' }))
  await Promise.all([ann.frame('snapshot'), bob.frame('snapshot')])
  await expect.poll(wanted).toEqual(['AAPL', 'MSFT', 'TSLA'])
  expect(followed).toEqual(['AAPL', 'MSFT'])
  await ann.leave()
  await expect.poll(wanted).toEqual(['MSFT', 'TSLA'])
  expect(followed).toEqual([])
  await two.close()
  expect(await wanted()).toEqual([])
})

test('what a process that died wanted is forgotten', async () => {
  const { url } = await testLog()
  const redis = new Redis(url)
  onTestFinished(() => redis.disconnect())
  const interest = new Interest({
    redis: redis.duplicate({ lazyConnect: false }),
    log: pino({ level: 'silent' }),
    processId: 'dead',
    symbols: () => new Set(['AAPL']),
    follow: () => () => undefined
  })
  onTestFinished(() => interest.close())
  interest.changed()
  await expect.poll(() => subscribedSymbols(redis)).toEqual(['AAPL'])
  const [key] = await redis.keys('quotewire:{interest}:*')
  expect(await redis.pttl(key!)).toBeGreaterThan(0)
  expect(await subscribedSymbols(redis, Date.now() + 10_000)).toEqual([])
})
