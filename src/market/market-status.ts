import { Type, type Static } from 'typebox'
import type { Calendar } from './calendar.ts'
import { nextSession, regularEnd, SessionPhase, type Interval, type Session } from './session.ts'
import type { SessionClock } from './session-clock.ts'
import { isoOf } from './time.ts'
import { dateIn } from './zoned-time.ts'

const Instant = (description: string) => Type.String({ format: 'date-time', description })
const Span = Type.Object({ open: Instant('UTC'), close: Instant('UTC, exclusive') })

export const TradingDay = Type.Object({
  date: Type.String({ description: 'YYYY-MM-DD in the zone of the exchange' }),
  name: Type.Optional(Type.String({ description: 'Why its hours differ from the usual', examples: ['Christmas Eve'] })),
  overnight: Type.Optional(Span),
  pre: Type.Optional(Span),
  regular: Span,
  closingAuction: Type.Optional(Span),
  post: Type.Optional(Span)
})
export type TradingDay = Static<typeof TradingDay>

export const ExchangeStatus = Type.Object({
  exchange: Type.String({ description: 'ISO 10383 MIC', examples: ['XNYS'] }),
  name: Type.String(),
  timeZone: Type.String({ description: 'IANA', examples: ['America/New_York'] }),
  phase: SessionPhase,
  marketState: Type.Enum(['pre', 'regular', 'post', 'closed'], { description: 'The phase as quotes carry it' }),
  since: Instant('When the phase began, UTC'),
  until: Instant('When the phase ends, UTC'),
  tradeDate: Type.String({
    description: 'The session (YYYY-MM-DD) that what trades now belongs to; between two sessions the next one'
  }),
  session: Type.Optional(TradingDay),
  holiday: Type.Optional(Type.String({ description: 'Why the exchange does not trade at all today' })),
  nextOpen: Instant('Start of the next regular session, UTC'),
  nextClose: Instant('End of the regular session in progress, else of the next one, UTC'),
  calendarKnownUntil: Type.Optional(
    Type.String({ description: 'Last day that its lists of holidays cover; later days follow the weekday alone' })
  )
})
export type ExchangeStatus = Static<typeof ExchangeStatus>

/** What each exchange with a calendar does now. `session` is the trading day in progress. */
export const MarketStatus = Type.Object({ exchanges: Type.Array(ExchangeStatus) }, { $id: 'MarketStatus' })
export type MarketStatus = Static<typeof MarketStatus>

/** The status of every exchange at an instant (epoch milliseconds), and the next instant at which a phase ends. */
export function marketStatusAt(clock: SessionClock, instant: number): { status: MarketStatus; nextChange: number } {
  const exchanges = clock.calendars.map((calendar) => exchangeStatus(clock, calendar, instant))
  const nextChange = Math.min(...exchanges.map(({ until }) => Date.parse(until)))
  return { status: { exchanges }, nextChange }
}

function exchangeStatus(clock: SessionClock, calendar: Calendar, instant: number): ExchangeStatus {
  const { exchange, name, timeZone, closed, knownUntil } = calendar
  const status = clock.status(exchange, instant)!
  const today = dateIn(timeZone, instant)
  const holiday = closed.find(({ date }) => date === today)?.name
  return {
    exchange,
    name,
    timeZone,
    phase: status.phase,
    marketState: status.marketState,
    since: isoOf(status.lastChange),
    until: isoOf(status.nextChange),
    tradeDate: status.tradeDate,
    ...(status.session && { session: tradingDay(status.session) }),
    ...(holiday !== undefined && !status.session && { holiday }),
    nextOpen: isoOf(status.nextOpen),
    nextClose: isoOf(status.nextClose ?? regularEnd(nextSession(calendar, instant))),
    ...(knownUntil !== undefined && { calendarKnownUntil: knownUntil })
  }
}

/** A session as it is told: instants as ISO texts. */
export function tradingDay({ date, name, overnight, pre, regular, closingAuction, post }: Session): TradingDay {
  return {
    date,
    ...(name !== undefined && { name }),
    ...(overnight && { overnight: span(overnight) }),
    ...(pre && { pre: span(pre) }),
    regular: span(regular),
    ...(closingAuction && { closingAuction: span(closingAuction) }),
    ...(post && { post: span(post) })
  }
}

const span = ({ open, close }: Interval) => ({ open: isoOf(open), close: isoOf(close) })
