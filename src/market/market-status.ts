import { Type, type Static } from 'typebox'
import { SessionPhase } from './session.ts'
import type { SessionClock } from './session-clock.ts'

export const ExchangeStatus = Type.Object({
  exchange: Type.String({ description: 'ISO 10383 MIC', examples: ['XNYS'] }),
  name: Type.String(),
  phase: SessionPhase,
  marketState: Type.Enum(['pre', 'regular', 'post', 'closed'], { description: 'The phase as quotes carry it' }),
  since: Type.String({ format: 'date-time', description: 'When the phase began, UTC' }),
  until: Type.String({ format: 'date-time', description: 'When the phase ends, UTC' }),
  nextOpen: Type.String({ format: 'date-time', description: 'Start of the next regular session, UTC' }),
  nextClose: Type.Optional(Type.String({ format: 'date-time', description: 'End of the regular session in progress' }))
})
export type ExchangeStatus = Static<typeof ExchangeStatus>

/** What each exchange with a calendar does now. */
export const MarketStatus = Type.Object({ exchanges: Type.Array(ExchangeStatus) }, { $id: 'MarketStatus' })
export type MarketStatus = Static<typeof MarketStatus>

/** The status of every exchange at an instant (epoch milliseconds), and the next instant at which it will differ. */
export function marketStatusAt(clock: SessionClock, instant: number): { status: MarketStatus; nextChange: number } {
  let nextChange = Infinity
  const exchanges = clock.calendars.map(({ exchange, name }): ExchangeStatus => {
    const status = clock.status(exchange, instant)!
    nextChange = Math.min(nextChange, status.nextChange)
    return {
      exchange,
      name,
      phase: status.phase,
      marketState: status.marketState,
      since: new Date(status.lastChange).toISOString(),
      until: new Date(status.nextChange).toISOString(),
      nextOpen: new Date(status.nextOpen).toISOString(),
      ...(status.nextClose !== undefined && { nextClose: new Date(status.nextClose).toISOString() })
    }
  })
  return { status: { exchanges }, nextChange }
}
