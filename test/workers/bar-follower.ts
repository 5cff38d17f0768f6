import { BUILT_INTERVALS } from '../../src/bars/intervals.ts'
import type { Database } from '../../db/client.ts'
import type { BarUpdate } from '../../src/market/event.ts'
import type { LiveClient } from '../support/live-client.ts'
import type { LiveServer } from '../support/live-server.ts'

/** A client that follows all bars of some symbols, leaves, and resumes where it was. */
export class BarFollower {
  readonly #live: LiveServer
  readonly #symbols: readonly string[]
  readonly #clients: LiveClient[] = []

  constructor(live: LiveServer, symbols: readonly string[]) {
    this.#live = live
    this.#symbols = symbols
  }

  async subscribe(): Promise<void> {
    const since = new Map(this.#frames().map(({ data, cursor }) => [data.interval, cursor]))
    const client = this.#live.connect()
    this.#clients.push(client)
    await client.frame('welcome')
    for (const interval of BUILT_INTERVALS) {
      const cursor = since.get(interval)
      client.subscribe(this.#symbols, { stream: `bars.${interval}`, ...(cursor !== undefined && { since: cursor }) })
    }
    await client.frame('subscribed', BUILT_INTERVALS.length - 1)
  }

  leave(): Promise<void> {
    return this.#clients.at(-1)!.leave()
  }

  /** The bars that there are by what was told last of each, a line each. */
  get bars(): string[] {
    const bars = new Map<string, string>()
    for (const { data } of this.#frames()) {
      const { symbol, interval, bar, state, revision } = data
      const { start, open, high, low, close, volume } = bar
      const key = `${symbol} ${interval} ${start}`
      if (state === 'withdrawn') bars.delete(key)
      else bars.set(key, `${key} ${state} ${revision} ${open} ${high} ${low} ${close} ${volume}`)
    }
    return [...bars.values()].toSorted()
  }

  /** How often something was told again of a bar that was no news. */
  get repetitions(): number {
    const told = this.#frames().map(({ data }) => JSON.stringify(data))
    return told.length - new Set(told).size
  }

  #frames() {
    return this.#clients.flatMap((client) => client.ofType('bar_update')) as unknown as {
      data: BarUpdate['data']
      cursor: string
    }[]
  }
}

/** The same of Postgres. */
export async function toldBarsIn({ sql }: Pick<Database, 'sql'>): Promise<string[]> {
  const rows = await sql<{ line: string }[]>`
    select concat_ws(' ', symbol, interval, at, state, revision, open, high, low, close, volume) as line
    from (
      select series_id, to_char(start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, state, revision,
        open, high, low, close, volume from bars
      union all
      select series_id, start::text, state, revision, open, high, low, close, volume from daily_bars
    ) as held
    join bar_series on bar_series.id = series_id join instruments on instruments.id = instrument_id
    where source like '%-trades'`
  return rows.map(({ line }) => line).toSorted()
}
