import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TopicName } from '../../src/market/event.ts'
import type { Behaviour } from './vendor.ts'
import { stream } from './watched-stream.ts'
import { runsOf } from '../support/depth.ts'

const wanted = (...topics: TopicName[]) => new Set(topics)

test('what is wanted is carried, and only what changes is asked for', () => {
  const { supervisor, vendor, trading, carried, state } = stream()
  supervisor.want(wanted('trades:AAPL'))
  supervisor.start()
  trading(1000)
  expect(state()).toBe('live')
  expect([...carried()].sort()).toEqual(['bbo:SPY', 'trades:AAPL', 'trades:SPY'])
  supervisor.want(wanted('trades:MSFT', 'trades:AAPL', 'halts:AAPL', 'quotes:AAPL', 'trades:^GSPC'))
  trading(1000)
  expect([...carried()].sort()).toEqual(['bbo:SPY', 'halts:AAPL', 'trades:AAPL', 'trades:MSFT', 'trades:SPY'])
  supervisor.want(wanted('trades:MSFT'))
  trading(1000)
  expect([...carried()].sort()).toEqual(['bbo:SPY', 'trades:MSFT', 'trades:SPY'])
  expect(vendor.repeated).toBe(0)
})

test('a mute feed is left for another connection within 15 seconds, and the gap of it is told', () => {
  const { supervisor, vendor, trading, clock, gaps, state, statuses } = stream()
  supervisor.start()
  trading(30_000)
  vendor.isMute = true
  const silentSince = clock.now()
  const [attempts] = [vendor.attempts.length]
  clock.pass(15_000)
  expect(vendor.attempts).toHaveLength(attempts + 1)
  expect(statuses.map(({ state }) => state)).toContain('mute')
  vendor.isMute = false
  trading(2000)
  expect(state()).toBe('live')
  expect(gaps).toEqual([{ reason: 'mute', from: silentSince, until: expect.any(Number), feed: 'alpaca/iex' }])
})

test('a feed that is mute on two connections is left for the next one', () => {
  const {
    supervisor,
    vendor,
    trading,
    clock,
    supervisor: { status }
  } = stream({ feeds: ['sip', 'iex'] })
  expect(status.feed).toBe('alpaca/sip')
  supervisor.start()
  trading(20_000)
  vendor.isMute = true
  clock.pass(30_000)
  expect(vendor.paths.at(-1)).toBe('/v2/iex')
  expect(supervisor.status.feed).toBe('alpaca/iex')
})

test('the first feed is tried again after a while, and what is missed on the way is told', () => {
  const { supervisor, vendor, trading, clock, gaps } = stream({ feeds: ['sip', 'iex'] })
  vendor.next('unreachable', 'unreachable', 'unreachable')
  supervisor.start()
  clock.pass(10_000)
  expect(vendor.paths).toEqual(['/v2/sip', '/v2/sip', '/v2/sip', '/v2/sip'])
  vendor.isMute = true
  clock.pass(60_000)
  vendor.isMute = false
  trading(5000)
  expect(supervisor.status.feed).toBe('alpaca/iex')
  trading(15 * 60_000)
  expect(supervisor.status).toMatchObject({ feed: 'alpaca/sip', state: 'live' })
  expect(gaps.map(({ reason, feed }) => [reason, feed])).toContainEqual(['outage', 'alpaca/iex'])
  expect(gaps.filter(({ until }) => until === undefined)).toEqual([])
})

test('an instrument that is quiet for an hour is left alone, as is the market at night', () => {
  const { supervisor, vendor, trading, clock, setPhase, state } = stream()
  supervisor.want(wanted('trades:QUIET'))
  supervisor.start()
  trading(3_600_000)
  expect(vendor.attempts).toHaveLength(1)
  setPhase('closed')
  clock.pass(3_600_000)
  expect(vendor.attempts).toHaveLength(1)
  expect(state()).toBe('live')
})

test('a half-open connection is noticed by its silence on pings, in the middle of the night too', () => {
  const { supervisor, vendor, clock, setPhase, trading, gaps } = stream()
  setPhase('closed')
  supervisor.start()
  trading(60_000)
  vendor.isDeaf = true
  clock.pass(15_500)
  vendor.isDeaf = false
  clock.pass(3000)
  expect(vendor.attempts).toHaveLength(2)
  expect(gaps).toEqual([expect.objectContaining({ reason: 'outage', until: expect.any(Number) })])
})

test('a vendor that hangs in the handshake, or acknowledges nothing, is given up', () => {
  const { supervisor, vendor, clock, state } = stream()
  vendor.next('hangs', 'no_acknowledgements')
  supervisor.start()
  clock.pass(9000)
  expect(state()).toBe('connecting')
  clock.pass(3000)
  expect(vendor.attempts).toHaveLength(2)
  expect(state()).toBe('subscribing')
  clock.pass(19_000)
  expect(state()).toBe('live')
})

test('waits grow until a connection has brought something for ten seconds: who is let in and thrown out makes no storm', () => {
  const { supervisor, vendor, clock, trading } = stream()
  supervisor.start()
  for (let minute = 0; minute < 10; minute++) {
    for (let second = 0; second < 60; second++) {
      clock.pass(1000)
      vendor.trade('SPY')
      vendor.cut()
    }
  }
  expect(vendor.attempts.length).toBeLessThan(20)
  clock.pass(75_000)
  trading(15_000)
  const before = vendor.attempts.length
  vendor.cut()
  clock.pass(1300)
  expect(vendor.attempts).toHaveLength(before + 1)
})

test('a wrong key is not tried again until it is replaced', () => {
  const { supervisor, vendor, clock, state } = stream()
  vendor.next('refuses_key')
  supervisor.start()
  clock.pass(3_600_000)
  expect(vendor.attempts).toHaveLength(1)
  expect(supervisor.status.text).toBe('alpaca/iex: stopped, the vendor does not know the key or its secret')
  expect(supervisor.status.text).not.toContain('secret-of-AK')
  supervisor.renew()
  clock.pass(1000)
  expect(state()).toBe('live')
})

test('a connection that the vendor still holds is waited out, and people are told for how long', () => {
  const { supervisor, vendor, clock, state } = stream()
  vendor.next('full')
  supervisor.start()
  clock.pass(22_010)
  expect(vendor.attempts).toHaveLength(1)
  expect(supervisor.status.text).toBe(
    'alpaca/iex: the vendor already serves another connection under this key, 38 s until the next attempt'
  )
  clock.pass(40_000)
  expect(state()).toBe('live')
})

test('a feed that the plan lacks is left for the next one at once', () => {
  const { supervisor, vendor, clock, state } = stream({ feeds: ['sip', 'iex'] })
  vendor.next('not_in_plan')
  supervisor.start()
  clock.pass(3000)
  expect(vendor.paths).toEqual(['/v2/sip', '/v2/iex'])
  expect(state()).toBe('live')
})

test('a process that stood still, and a clock that was set, are told apart from silence', () => {
  const { supervisor, vendor, clock, trading, gaps, notices } = stream()
  supervisor.start()
  trading(30_000)
  clock.standStill(60_000)
  trading(3000)
  clock.stepWall(3_600_000)
  trading(3000)
  clock.stepWall(-7_200_000)
  trading(30_000)
  expect(vendor.attempts).toHaveLength(1)
  expect(gaps.map(({ reason }) => reason)).toEqual(['suspended', 'suspended', 'suspended'])
  for (const { from, until } of gaps) expect(until).toBeGreaterThan(from)
  expect(notices).toEqual([
    expect.stringContaining('stood still for 6'),
    expect.stringContaining('set forward, by 3600 s'),
    expect.stringContaining('set back by 7200 s')
  ])
})

test('what the plan refuses leaves all else as it is', () => {
  const { supervisor, vendor, clock, trading, state, notices } = stream()
  supervisor.start()
  trading(1000)
  supervisor.want(wanted('trades:AAPL'))
  vendor.error(405, 'symbol limit exceeded')
  trading(2000)
  expect(notices).toEqual(['trades:AAPL: the plan does not allow so many symbols'])
  expect(vendor.attempts).toHaveLength(1)
  expect(state()).toBe('live')
  clock.pass(1)
})

const outage = fc.record({
  kind: fc.constantFrom<Behaviour | 'cut' | 'mute' | 'deaf' | 'still' | 'clock' | 'slow_client' | 'want'>(
    'unreachable',
    'hangs',
    'full',
    'no_acknowledgements',
    'cut',
    'mute',
    'deaf',
    'still',
    'clock',
    'slow_client',
    'want'
  ),
  lengthMs: fc.integer({ min: 10, max: 40_000 }),
  symbols: fc.uniqueArray(fc.constantFrom('AAPL', 'MSFT', 'IBM', 'KO', 'BRK.B'))
})

test('whatever happens, what is wanted is carried again, nothing is asked for twice, and no attempt follows another at once', () => {
  fc.assert(
    fc.property(fc.array(outage, { maxLength: 8 }), fc.integer({ min: 0, max: 99 }), (outages, chance) => {
      const { supervisor, vendor, clock, trading, carried, gaps, state } = stream({ random: () => chance / 100 })
      let symbols: string[] = ['AAPL']
      const want = () => supervisor.want(new Set(symbols.map((symbol) => `trades:${symbol}`)))
      want()
      supervisor.start()
      for (const { kind, lengthMs, symbols: next } of outages) {
        trading(3000)
        if (kind === 'want') {
          symbols = next
          want()
        } else if (kind === 'cut') vendor.cut()
        else if (kind === 'still') clock.standStill(lengthMs)
        else if (kind === 'clock') clock.stepWall(lengthMs)
        else if (kind === 'slow_client' && vendor.attempts.length > 0) vendor.error(407, 'slow client')
        else if (kind === 'mute' || kind === 'deaf') {
          vendor.isMute = kind === 'mute'
          vendor.isDeaf = kind === 'deaf'
          clock.pass(lengthMs)
          vendor.isMute = vendor.isDeaf = false
        } else {
          vendor.next(kind as Behaviour)
          vendor.cut()
        }
      }
      // Each attempt that is refused waits for up to 72 s.
      for (let waited = 0; waited < 900_000 && state() !== 'live'; waited += 5000) trading(5000)
      trading(20_000)
      expect(state()).toBe('live')
      expect(new Set(carried())).toEqual(new Set(['trades:SPY', 'bbo:SPY', ...symbols.map((each) => `trades:${each}`)]))
      expect(vendor.repeated).toBe(0)
      expect(vendor.simultaneous).toBe(0)
      expect(gaps.filter(({ until }) => until === undefined)).toEqual([])
      const waits = vendor.attempts.slice(1).map((at, index) => at - vendor.attempts[index]!)
      for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(790)
      supervisor.close()
      expect(state()).toBe('stopped')
    }),
    { numRuns: runsOf(40) }
  )
})
