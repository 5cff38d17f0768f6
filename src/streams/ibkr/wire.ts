import type { Bar } from '../../market/bar.ts'
import type { TickSize } from '../../market/instrument.ts'
import type { Frame } from '../mapper.ts'

/** What TWS is asked for a contract by, in its own terms. */
export type ContractQuery = {
  readonly symbol: string
  readonly secType: 'STK' | 'OPT'
  readonly exchange: 'SMART'
  readonly currency: 'USD'
  /** Of options: YYYYMMDD, and the price and the side. */
  readonly lastTradeDateOrContractMonth?: string
  readonly strike?: number
  readonly right?: 'C' | 'P'
}

/** What is asked of the port. Symbols are canonical; ids are ours, above 0, and never used twice. */
export type TwsRequest =
  | { readonly ask: 'contract'; readonly id: number; readonly symbol: string; readonly query: ContractQuery }
  /** Market data of a contract from now on; of a line that is there already, what it is is told again. */
  | {
      readonly ask: 'line'
      readonly id: number
      readonly conId: number
      readonly symbol: string
      readonly isDelayed: boolean
    }
  | { readonly ask: 'cancel'; readonly id: number }
  /** TWS has ended these lines by itself. */
  | { readonly ask: 'forget'; readonly ids: readonly number[] }
  /** From now on what the account has no live data of is told late. */
  | { readonly ask: 'delayed_too' }
  /** Bars of trades that begin before an instant (epoch ms), as far back as `duration` says in TWS's words. */
  | {
      readonly ask: 'history'
      readonly id: number
      readonly query: ContractQuery
      readonly until: number
      readonly duration: string
      readonly interval: '1m' | '1d'
    }

/** `begins`: seconds of the epoch, or YYYYMMDD of a day. */
export type TwsBar = Pick<Bar, 'open' | 'high' | 'low' | 'close' | 'volume'> & { readonly begins: string }

/** What TWS knows of a contract, as far as anything is made of it. */
export type TwsContract = {
  readonly conId: number
  readonly secType: string
  readonly currency: string
  /** Where it is listed, as TWS calls it. */
  readonly primaryExchange?: string
  readonly longName?: string
  /** `COMMON`, `ETF`, `ADR`, ... */
  readonly stockType?: string
  readonly isin?: string
  /** By ascending price. */
  readonly tickSizes?: readonly TickSize[]
  readonly multiplier?: number
  readonly underlying?: string
  /** YYYYMMDD */
  readonly lastTradeDate?: string
  readonly strike?: number
  readonly right?: string
  /** Coarse, finer, finest. */
  readonly industry?: string
  readonly category?: string
  readonly subcategory?: string
  readonly timeZoneId?: string
  readonly tradingHours?: string
  readonly liquidHours?: string
}

type OfSymbol = { readonly symbol: string; readonly isDelayed: boolean }

/** The last trade, as TWS samples it. */
export type LineTrade = OfSymbol & {
  readonly tell: 'trade'
  readonly price: number
  readonly size: number
  /** Epoch milliseconds; missing where TWS did not tell when. */
  readonly at?: number
  /** The same trade has the same one, whenever it is told; missing where TWS did not tell enough. */
  readonly id?: string
}
/** A side without orders is missing. TWS tells no instants of quotes. */
export type LineBbo = OfSymbol & {
  readonly tell: 'bbo'
  readonly bid?: number
  readonly bidSize?: number
  readonly ask?: number
  readonly askSize?: number
}
/** 0: trades; 1: halted; 2: paused since a price left its band. */
export type LineHalt = OfSymbol & { readonly tell: 'halt'; readonly code: number }

/** What the port tells, each frame a list of them. */
export type TwsMessage =
  | LineTrade
  | LineBbo
  | LineHalt
  /** TWS is there and speaks this version of its protocol; whether it takes requests is not known yet. */
  | { readonly tell: 'greeted'; readonly serverVersion: number }
  | { readonly tell: 'ready' }
  /** Those that a query found; again where more is known of them. */
  | {
      readonly tell: 'contracts'
      readonly id: number
      readonly symbol: string
      readonly contracts: readonly TwsContract[]
    }
  /** The line is there. */
  | { readonly tell: 'line'; readonly id: number; readonly isDelayed: boolean }
  | { readonly tell: 'cancelled'; readonly id: number }
  | { readonly tell: 'history'; readonly id: number; readonly bars: readonly TwsBar[] }
  /** `id`: of the request that it is about; -1 where it is about none. */
  | { readonly tell: 'problem'; readonly id: number; readonly code: number; readonly text: string }

/** The port is in this process: what comes out of it is what was put in. */
export const readRequest = (frame: Frame): TwsRequest => JSON.parse(String(frame)) as TwsRequest
export const requestFrame = (request: TwsRequest): Frame => JSON.stringify(request)
export const readMessages = (frame: Frame): TwsMessage[] => JSON.parse(String(frame)) as TwsMessage[]
export const messagesFrame = (messages: readonly TwsMessage[]): Frame => JSON.stringify(messages)
