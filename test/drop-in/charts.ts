import { describe, expect, test } from 'vitest'
import { CALENDARS } from '../../src/market/calendars.ts'
import { scaleOf, scheduleOf } from '../../src/drop-in/udf/symbol-info.ts'
import type { Answer } from '../support/api.ts'
import type { Stage } from './stage.ts'

const DAY_SECONDS = 86_400

/** Charts of TradingView's library. */
export function charts(on: () => Stage): void {
  const ask = (path: string): Promise<Answer> => on().api.get(`/udf/${path}`, on().key)
  const told = async <T = Record<string, unknown>>(path: string) => (await ask(path)).json() as T

  type Bars = {
    s: string
    t: number[]
    o: number[]
    h: number[]
    l: number[]
    c: number[]
    v: number[]
    nextTime?: number
  }

  describe('a chart', () => {
    test('finds a symbol, draws it, and goes back until there is nothing', async () => {
      expect(await told('config')).toMatchObject({ supports_search: true, supports_group_request: false })
      const [found] = await told<{ symbol: string }[]>('search?query=apple&type=stock&exchange=&limit=5')
      expect(found).toMatchObject({ symbol: 'AAPL', ticker: 'AAPL', type: 'stock', exchange: 'NASDAQ' })
      const info = await told('symbols?symbol=NASDAQ:AAPL')
      expect(info).toMatchObject({ ticker: 'AAPL', session: '24x7', timezone: 'America/New_York', pricescale: 100 })

      const { full_name: name } = await told<{ full_name: string }>('symbols?symbol=NSE:RELIANCE')
      expect(await told(`symbols?symbol=${name}`)).toMatchObject({ ticker: 'NSE:RELIANCE' })

      const now = Math.floor(Date.now() / 1000)
      const last = await told<Bars>(
        `history?symbol=AAPL&resolution=1D&from=${now - DAY_SECONDS}&to=${now}&countback=300`
      )
      expect(last.s).toBe('ok')
      expect(last.t).toHaveLength(300)
      expect(last.t).toEqual(last.t.toSorted((a, b) => a - b))
      for (const column of [last.o, last.h, last.l, last.c, last.v]) expect(column).toHaveLength(300)
      expect(last.t.every((second) => second % DAY_SECONDS === 0)).toBe(true)
      const before = await told<Bars>(`history?symbol=AAPL&resolution=1D&from=0&to=${last.t[0]}&countback=10`)
      expect(before.t.at(-1)).toBeLessThan(last.t[0]!)

      const minutes = await told<Bars>(`history?symbol=AAPL&resolution=5&from=${now - 7200}&to=${now}`)
      expect(minutes.t.length).toBeGreaterThan(20)
      expect(minutes.t.every((second) => second >= now - 7200 && second < now && second % 300 === 0)).toBe(true)

      // In Mumbai the market opens while it is yesterday still in New York.
      const morning = Math.floor(now / DAY_SECONDS) * DAY_SECONDS - 2 * DAY_SECONDS + 4 * 3600
      const day = await told<Bars>(`history?symbol=AAPL&resolution=1D&from=0&to=${morning}&countback=1`)
      expect(day.t).toEqual([morning - 4 * 3600])

      const newest = await told<Bars>('history?symbol=AAPL&resolution=1D&to=99999999999&countback=1')
      expect(newest.t).toHaveLength(1)

      const weekend = Date.UTC(2026, 0, 1, 1) / 1000
      const none = await told<Bars>(`history?symbol=AAPL&resolution=1D&from=${weekend}&to=${weekend + 3600}`)
      expect(none).toEqual({ s: 'no_data', nextTime: expect.any(Number) as number })
      expect(none.nextTime).toBeLessThan(weekend)
      expect(await told(`history?symbol=AAPL&resolution=1D&from=-2000000000&to=-1900000000`)).toEqual({ s: 'no_data' })
    })

    test('shows lists of quotes, and what of them cannot be had', async () => {
      const { s, d } = await told<{ s: string; d: { s: string; n: string; v: Record<string, unknown> }[] }>(
        'quotes?symbols=AAPL,NASDAQ:MSFT,^GSPC,NOSUCH,!'
      )
      expect([s, d.map(({ s: each, n }) => `${each} ${n}`)]).toEqual([
        'ok',
        ['ok AAPL', 'ok NASDAQ:MSFT', 'ok ^GSPC', 'error NOSUCH', 'error !']
      ])
      expect(d[0]!.v).toMatchObject({
        short_name: 'AAPL',
        lp: expect.any(Number) as number,
        ch: expect.any(Number) as number
      })
      const time = await ask('time')
      expect(Math.abs(Number(time.body) - Date.now() / 1000)).toBeLessThan(5)
    })

    test('is told in its own words what is wrong', async () => {
      const wrong = async (path: string) => {
        const answer = await ask(path)
        return `${answer.status} ${JSON.stringify(answer.json())}`
      }
      expect(await wrong('symbols?symbol=NOSUCH')).toBe('404 {"s":"error","errmsg":"unknown_symbol"}')
      expect(await wrong('history?symbol=AAPL&resolution=7&from=1&to=2')).toMatch(/^400 .*"resolution must be one of/)
      expect(await wrong('history?symbol=AAPL&resolution=1&from=5&to=2')).toMatch(/^400 .*"to must lie after from/)
      expect(await wrong('history?symbol=%00&resolution=1&from=1&to=2')).toMatch(/^400 \{"s":"error"/)
      expect(await wrong('nonsense')).toMatch(/^404 \{"s":"error"/)
      expect((await on().api.get('/udf/config')).status).toBe(401)
    })
  })

  test('sessions and steps of prices are those of the exchange and of the instrument', () => {
    const newYork = CALENDARS.find(({ exchange }) => exchange === 'XNYS')!
    const schedule = scheduleOf(newYork, Date.parse('2026-11-30T12:00:00Z'))
    expect(schedule).toMatchObject({ timezone: 'America/New_York', session: '0930-1600:23456' })
    expect(schedule.session_holidays).toContain('20261225')
    expect(schedule.corrections).toContain('0930-1300:20261127')
    expect(scheduleOf(undefined, 0)).toEqual({ timezone: 'Etc/UTC', session: '24x7' })
    expect(scaleOf([{ from: 0, size: 0.05 }], 24_000)).toEqual({ minmov: 5, minmov2: 0, pricescale: 100 })
    expect(
      scaleOf(
        [
          { from: 0, size: 0.0001 },
          { from: 1, size: 0.01 }
        ],
        7
      )
    ).toEqual({
      minmov: 1,
      minmov2: 0,
      pricescale: 10_000,
      variable_tick_size: '0.0001 1 0.01'
    })
    expect(scaleOf(undefined, 1.08345)).toMatchObject({ pricescale: 100_000 })
    expect(scaleOf(undefined, 231)).toMatchObject({ pricescale: 100 })
  })
}
