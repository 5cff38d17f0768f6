import { Type, type Static } from 'typebox'
import { ComputedFigure, FigureBasis } from './option-chain.ts'

const toldAt = (what: string) =>
  Type.Optional(Type.String({ format: 'date-time', description: `When the vendor told ${what} last, UTC` }))

/** What only futures and options have, as a vendor tells it beside their prices, or as it follows from those. Each figure that was told has the instant of that. */
export const DerivativeFigures = Type.Object({
  openInterest: Type.Optional(
    Type.Number({ description: 'Contracts, or shares under them where the exchange counts those' })
  ),
  openInterestAsOf: toldAt('the open interest'),
  impliedVolatility: Type.Optional(Type.Number({ description: '0.32 means 32 % a year' })),
  impliedVolatilityAsOf: toldAt('the implied volatility'),
  delta: Type.Optional(Type.Number()),
  gamma: Type.Optional(Type.Number()),
  theta: Type.Optional(Type.Number({ description: 'For one calendar day' })),
  vega: Type.Optional(Type.Number({ description: 'For one point of volatility, 0.01' })),
  rho: Type.Optional(Type.Number({ description: 'For one point of interest, 0.01' })),
  greeksAsOf: toldAt('delta, gamma, theta, vega and rho'),
  computed: Type.Optional(
    Type.Array(ComputedFigure, { description: 'Which of them no vendor gave: they follow from `basis`' })
  ),
  basis: Type.Optional(FigureBasis)
})
export type DerivativeFigures = Static<typeof DerivativeFigures>

type Instant = 'openInterestAsOf' | 'impliedVolatilityAsOf' | 'greeksAsOf'
/** Figures without the instants that they were told at. */
export type PlainFigures = Omit<DerivativeFigures, Instant>

const FIGURES = [
  ['openInterestAsOf', ['openInterest']],
  ['impliedVolatilityAsOf', ['impliedVolatility']],
  ['greeksAsOf', ['delta', 'gamma', 'theta', 'vega', 'rho']]
] as const satisfies readonly (readonly [Instant, readonly (keyof PlainFigures)[]])[]

/** Figures that were told together, at an instant (ISO). */
export function figuresToldAt(figures: PlainFigures, asOf: string): DerivativeFigures {
  const told: DerivativeFigures = { ...figures }
  for (const [instant, members] of FIGURES) {
    if (members.some((member) => figures[member] !== undefined)) told[instant] = asOf
  }
  return told
}

/** What was told last of each figure: a vendor that tells one of them says nothing of the others. */
export function withNewer(held: DerivativeFigures, told: DerivativeFigures): DerivativeFigures {
  const newest = { ...told }
  for (const [instant, members] of FIGURES) {
    if (told[instant] !== undefined || held[instant] === undefined) continue
    for (const key of [instant, ...members] as const)
      Object.assign(newest, held[key] !== undefined && { [key]: held[key] })
  }
  return newest
}

/** Figures without their instants. */
export function plainFigures(figures: DerivativeFigures): PlainFigures {
  const { openInterestAsOf: _, impliedVolatilityAsOf: __, greeksAsOf: ___, ...plain } = figures
  return plain
}

/** Whether some figure was told at another instant than the one that is held. */
export const areToldAnew = (told: DerivativeFigures, held: DerivativeFigures | undefined): boolean =>
  FIGURES.some(([instant]) => told[instant] !== undefined && told[instant] !== held?.[instant])
