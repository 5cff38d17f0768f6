import { Type, type Static } from 'typebox'
import { ExchangeName, Mic } from './exchange.ts'
import { InstrumentKind } from './instrument-kind.ts'
import { Provenance } from './provenance.ts'
import { Quote } from './quote.ts'
import { Sector } from './sector.ts'

/** Quotes of indices; `volume` is absent where the vendor has none. */
export const Indices = Type.Object({ indices: Type.Array(Quote), provenance: Provenance }, { $id: 'Indices' })
export type Indices = Static<typeof Indices>

/** The headline indices of the world, by region, in the order that they are shown in. */
export const WORLD_INDICES: readonly string[] =
  '^GSPC ^DJI ^IXIC ^RUT ^VIX ^GSPTSE ^FTSE ^GDAXI ^FCHI ^STOXX50E ^N225 ^HSI ^BSESN ^NSEI ^AXJO'.split(' ')

export const SectorPerformance = Type.Object({
  sector: Sector,
  changePercent: Type.Number({ description: '1.27 means 1.27 %' }),
  asOf: Type.String({ description: 'Session date or instant of the figure' })
})
export const Sectors = Type.Object(
  { sectors: Type.Array(SectorPerformance), provenance: Provenance },
  { $id: 'Sectors' }
)
export type Sectors = Static<typeof Sectors>

export const MoverKind = Type.Enum(['gainers', 'losers', 'actives'])
export type MoverKind = Static<typeof MoverKind>

export const Mover = Type.Object({
  symbol: Type.String(),
  name: Type.Optional(Type.String()),
  kind: Type.Optional(InstrumentKind),
  price: Type.Number(),
  change: Type.Optional(Type.Number()),
  changePercent: Type.Number(),
  volume: Type.Optional(Type.Number()),
  currency: Type.Optional(Type.String()),
  mic: Type.Optional(Mic),
  exchange: Type.Optional(ExchangeName)
})
export type Mover = Static<typeof Mover>

export const Movers = Type.Object(
  { type: MoverKind, movers: Type.Array(Mover), asOf: Type.Optional(Type.String()), provenance: Provenance },
  { $id: 'Movers' }
)
export type Movers = Static<typeof Movers>
