import { onTestFinished } from 'vitest'
import { BUILT_INTERVALS } from '../../src/bars/intervals.ts'
import type { Database } from '../../db/client.ts'
import type { BarUpdate } from '../../src/market/event.ts'
import { createClient, type Subscription } from '../../src/client/client.ts'
import type { LiveServer } from '../support/live-server.ts'

/** Follows all bars of some symbols by the client library, leaves, and resumes where it was. */
export class BarFollower {
  readonly #live: LiveServer
  readonly #symbols: readonly string[]
  readonly #told: BarUpdate['data'][] = []
  /** Of each interval. */
  readonly #cursors = new Map<string, string>()
  #subscriptions: readonly Subscription[] = []

  constructor(live: LiveServer, symbols: readonly string[]) {
    this.#live = live
    this.#symbols = symbols
  }

  /** Resolves when all of it is followed. */
  async subscribe(): Promise<void> {
    const client = createClient({ url: this.#live.url.replace('ws', 'http'), key: 'ann' })
    const followed = BUILT_INTERVALS.map(() => Promise.withResolvers<void>())
    this.#subscriptions = BUILT_INTERVALS.map((interval, at) =>
      client.subscribe(
        { symbols: this.#symbols, stream: `bars.${interval}`, since: this.#cursors.get(interval) },
        {
          onEvent: (event) => {
            if ('cursor' in event) this.#cursors.set(interval, event.cursor)
            if (event.type === 'bar_update') this.#told.push(event.data)
            if (event.type === 'snapshot' || event.type === 'resumed') followed[at]!.resolve()
          }
        }
      )
    )
    onTestFinished(() => this.leave())
    await Promise.all(followed.map(({ promise }) => promise))
  }

  leave(): void {
    for (const subscription of this.#subscriptions) subscription.close()
  }

  /** The bars that there are by what was told last of each, a line each. */
  get bars(): string[] {
    const bars = new Map<string, string>()
    for (const { symbol, interval, bar, state, revision } of this.#told) {
      const { start, open, high, low, close, volume } = bar
      const key = `${symbol} ${interval} ${start}`
      if (state === 'withdrawn') bars.delete(key)
      else bars.set(key, `${key} ${state} ${revision} ${open} ${high} ${low} ${close} ${volume}`)
    }
    return [...bars.values()].toSorted()
  }

  /** How often something was told again of a bar that was no news. */
  get repetitions(): number {
    return this.#told.length - new Set(this.#told.map((told) => JSON.stringify(told))).size
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
