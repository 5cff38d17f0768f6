import type { Frames, Stream } from './api.ts'
import type { QuotewireError } from './error.ts'

/** What proves who asks; at most one of them. Without one, only what is open to everybody can be asked. */
export type CredentialOptions = {
  /** An API key. Not in a page: whoever reads the page has it. */
  readonly key?: string
  /**
   * Brings a token, for instance from your own back end: it is asked for again whenever a connection begins, the server says
   * that the one in use ends soon, or it is refused. No clock of this machine is asked.
   */
  readonly token?: () => Promise<string>
  /** A page of the server itself, which is signed in by its cookie. */
  readonly session?: 'cookie'
}

type Value = string | number | boolean | undefined
export type CallOptions = {
  /** For `{name}` in the path. */
  readonly path?: Readonly<Record<string, string>>
  /** What is undefined is left out; lists are joined by commas. */
  readonly query?: Readonly<Record<string, Value | readonly string[]>>
  /** Sent as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** For all of it, waiting too: 30 000 where nothing is said. Of `fetch` until the headers are there. */
  readonly timeoutMs?: number
}

/** Market-wide channels; all of them are one stream, with one cursor. */
export type Channel = 'indices' | 'sectors' | 'movers' | 'sentiment' | 'status'

/** Symbols, in any usual spelling, and what of them (`quotes` where nothing is said); or market-wide channels. */
export type Subjects =
  | { readonly symbols: readonly string[]; readonly stream?: Stream; readonly channels?: undefined }
  | { readonly channels: readonly Channel[]; readonly symbols?: undefined; readonly stream?: undefined }

export type SubscribeOptions = Subjects & {
  /** The newest quote of each symbol so often (0 to 60 000); 0, the default: every one. Trades, halts and bars: all. */
  readonly conflateMs?: number
  /** The cursor of the last event that you had: what came after it comes first. */
  readonly since?: string
  /** Ends it. */
  readonly signal?: AbortSignal
}

/** Whether events come now. `retryInMs`: until the next try; absent where that waits for the reader. */
export type ConnectionState =
  | { readonly state: 'open' }
  | { readonly state: 'lost'; readonly reason: string; readonly code?: number; readonly retryInMs?: number }

/** As long as a subscription lives it is `open` or `lost`; it `ended` by `close`, by its signal, or for the error. */
export type SubscriptionState = ConnectionState | { readonly state: 'ended'; readonly error?: QuotewireError }

/** Frames as docs/websocket.md describes them. `cursor` is where to resume behind it. */
export type StreamFrame = Frames[Exclude<keyof Frames, 'welcome' | 'authenticated' | 'subscriptions' | 'pong'>]
export type StreamEvent = StreamFrame | { readonly type: 'connection'; readonly data: ConnectionState }

export type Callbacks = {
  readonly onEvent: (event: StreamFrame) => void
  readonly onState?: (state: SubscriptionState) => void
}

export interface Subscription {
  /** Follows more symbols or channels, each from its snapshot on. */
  add(names: readonly string[]): void
  /** What waits to be read may still be of them. */
  remove(names: readonly string[]): void
  close(): void
}

/**
 * Events in order, each once, for `for await`. It connects with the first `next`, and ends when the loop is left or the signal
 * is aborted; where the server ends it for good, the loop throws QuotewireError.
 */
export interface EventStream extends AsyncIterableIterator<StreamEvent, undefined>, Subscription {}
