import type { Deletes, Gets, Posts } from './api.ts'
import type {
  CallOptions,
  Callbacks,
  CredentialOptions,
  EventStream,
  SubscribeOptions,
  Subscription
} from './contract.ts'
import { credentialOf, type Credential } from './credential.ts'
import { QuotewireError } from './error.ts'
import { EventQueue } from './event-queue.ts'
import { Live } from './live.ts'
import { errorOf, readJson, Rest } from './rest.ts'
import { Following, guarded } from './subscription.ts'

export type * from './api.ts'
export type * from './contract.ts'
export { QuotewireError }

export type ClientOptions = CredentialOptions & {
  /** Where the server is, such as https://quotes.example.com; in a page of the server itself `location.origin`. */
  readonly url: string
}

type Routes = Record<string, { answer: unknown }>
type Common = Pick<CallOptions, 'signal' | 'timeoutMs'>
/** What a route needs must be given; where it needs nothing, options may be left out. */
type Options<Route> =
  Partial<Omit<Route, 'answer'>> extends Omit<Route, 'answer'>
    ? [options?: Omit<Route, 'answer'> & Common]
    : [options: Omit<Route, 'answer'> & Common]
type Call<Table> = <Path extends keyof Table & string>(
  path: Path,
  ...options: Options<Table[Path]>
) => Promise<Table[Path] extends { answer: infer Answer } ? Answer : never>

export interface Client {
  /**
   * Asks by a path of /openapi.json, with `{symbol}` as it stands there, and resolves with the JSON of the answer. Rejects
   * with QuotewireError, or with the signal's reason. A GET that is told by `Retry-After` to come back does so within its
   * time, three times at most.
   */
  readonly get: Call<Gets>
  readonly post: Call<Posts>
  readonly delete: Call<Deletes>
  /** The answer as it is, for csv, ndjson and Parquet; with the same credential, and the same errors. GET where nothing is said. */
  fetch(path: string, options?: CallOptions & { readonly method?: string }): Promise<Response>
  /**
   * Events in order, each once, across restarts of the server and of the network: for `for await`. Each stream has a connection of
   * its own, so that a slow loop holds up nobody else.
   */
  stream(options: SubscribeOptions): EventStream
  /**
   * The same by callbacks, which are called as events come. Subscriptions of a client share one connection for each
   * `conflateMs`; one with `since` has its own.
   */
  subscribe(options: SubscribeOptions, callbacks: Callbacks): Subscription
}

/** A client of one server, for Node and browsers. Nothing is sent before something is asked for. */
export function createClient({ url, ...credentials }: ClientOptions): Client {
  const base = new URL(url).href.replace(/\/+$/, '')
  if (!base.startsWith('http')) throw new TypeError('url must begin with http:// or https://')
  const rest: Rest = new Rest(base, () => credential)
  const credential: Credential = credentialOf(credentials, async (method, path, headers) => {
    const response = await rest.send(method, path, { headers })
    if (!response.ok) throw await errorOf(response)
    return readJson(response)
  })
  const newLive = (conflateMs: number) => new Live({ url: base, credential: () => credential }, conflateMs)
  const shared = new Map<number, Live>()
  const sharedLive = (conflateMs: number): Live => {
    const live = shared.get(conflateMs) ?? newLive(conflateMs)
    shared.set(conflateMs, live)
    return live
  }
  const caller =
    <Table extends Routes>(method: string) =>
    (path: string, options: CallOptions = {}) =>
      rest.call(method, path, options, readJson) as Promise<Table[string]['answer']>

  return {
    get: caller('GET') as Call<Gets>,
    post: caller('POST') as Call<Posts>,
    delete: caller('DELETE') as Call<Deletes>,
    fetch: (path, { method = 'GET', ...options } = {}) =>
      rest.call(method, path, options, async (response) => response),
    stream: (options) => new EventQueue(newLive(options.conflateMs ?? 0), options),
    subscribe(options, { onEvent, onState }) {
      const { conflateMs = 0, since } = options
      const live = since === undefined ? sharedLive(conflateMs) : newLive(conflateMs)
      const tell = guarded(onEvent)
      const tellState = guarded(onState)
      return new Following(
        live,
        options,
        (event) => (event.type === 'connection' ? tellState(event.data) : tell(event)),
        (error) => tellState({ state: 'ended', ...(error && { error }) })
      )
    }
  }
}
