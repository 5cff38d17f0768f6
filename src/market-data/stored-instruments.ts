import { NothingStored } from '../errors.ts'
import type { Archive } from '../market/archive.ts'
import type { Instrument, InstrumentAlias, InstrumentChange, InstrumentFilter } from '../market/instrument.ts'
import { isoOf } from '../market/time.ts'

const MAX_CHANGES = 100

/** What is read of Postgres of instruments. Days are YYYY-MM-DD. */
export type InstrumentReads = {
  readonly instruments: {
    findAsOf(symbols: readonly string[], day: string): Promise<ReadonlyMap<string, Instrument>>
    aliases(instrumentIds: readonly number[]): Promise<InstrumentAlias[]>
  }
  readonly directory: {
    search(filter: InstrumentFilter, limit: number, after: string): Promise<Instrument[]>
    /** What any vendor calls so on a day. */
    named(alias: string, day: string): Promise<Instrument | undefined>
    /** Newest first, at most so many. */
    changes(instrumentId: number, limit: number): Promise<InstrumentChange[]>
  }
}

/** What the archive tells of instruments themselves. */
export function createStoredInstruments({
  instruments,
  directory
}: InstrumentReads): Pick<Archive, 'instruments' | 'instrumentDetails'> {
  return {
    async instruments(filter, { limit, after }) {
      const found = await directory.search(filter, limit + 1, after)
      return { instruments: found.slice(0, limit), hasMore: found.length > limit }
    },

    async instrumentDetails(name) {
      const today = isoOf(Date.now()).slice(0, 10)
      const found =
        'alias' in name
          ? await directory.named(name.alias, today)
          : (await instruments.findAsOf([name.symbol], today)).get(name.symbol)
      if (!found) throw new NothingStored('alias' in name ? name.alias : name.symbol, 'No instrument is known as')
      const [aliases, changes] = await Promise.all([
        instruments.aliases([found.id]),
        directory.changes(found.id, MAX_CHANGES)
      ])
      return { instrument: found, aliases: aliases.map(withoutId), changes }
    }
  }
}

function withoutId(named: InstrumentAlias): Omit<InstrumentAlias, 'instrumentId'> {
  const { instrumentId: _, ...alias } = named
  return alias
}
