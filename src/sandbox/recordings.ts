import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PROVIDER_NAMES, type ProviderName } from '../providers/provider.ts'
import { askedOf, bestMatch, isSameEndpoint, type Asked } from './recording-match.ts'
import { readRecordings, type Recording } from './recording.ts'
import { unknownReply } from './unknown-symbol.ts'

/** Headers of a recording that its replay must not repeat: they describe another transfer. */
const KEPT_HEADERS = ['content-type', 'retry-after', 'set-cookie', 'location']

const CRUMB = 'recorded'
const COOKIE = 'A3=d=recorded; Max-Age=31536000; Path=/; HttpOnly'

export type RecordedVendors = {
  /** The vendors stand at `${url}/yahoo`, `/fmp`, `/alpha-vantage` and `/tiingo`. */
  readonly url: string
  readonly recordings: readonly Recording[]
  /**
   * Serves one recording to whatever is asked on its endpoint; on every endpoint of its vendor (for refusals, which
   * sound alike everywhere); or on every endpoint but those of a handshake. Undefined goes back to the best match. `changes` are made to what was recorded.
   */
  use(id: string | undefined, reach?: Reach, changes?: RecordedChanges): void
  /** What was asked since `use`, and which recording answered; the handshakes of vendors are not listed. */
  readonly served: readonly { vendor: ProviderName; asked: Asked; recording: string | undefined }[]
  close(): Promise<void>
}

export type Reach = 'endpoint' | 'everywhere' | 'data'

export type RecordedChanges = Partial<Pick<Recording, 'status' | 'headers' | 'body'>>

export type RecordedVendorsOptions = {
  folder: string
  /** Those of the folder, where they were read already. */
  recordings?: readonly Recording[]
  host?: string
  port?: number
}

/**
 * Serves a folder of recordings as the vendors that sent them. What no recording answers gets the vendor's own words
 * for an unknown symbol.
 */
export async function startRecordings(options: RecordedVendorsOptions): Promise<RecordedVendors> {
  const { folder, host = '127.0.0.1', port = 0 } = options
  const recordings = options.recordings ?? (await readRecordings(folder))
  const served: RecordedVendors['served'][number][] = []
  let pinned: Recording | undefined
  let pinnedReach: Reach = 'endpoint'

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://recorded')
    const [, prefix = '', path = ''] = /^\/([^/]+)(.*)$/.exec(url.pathname) ?? []
    const vendor = PROVIDER_NAMES.find((name) => name === prefix)
    if (!vendor) return send(response, 404, { 'content-type': 'text/plain' }, 'no such vendor')

    url.pathname = path || '/'
    const asked = askedOf(vendor, url)
    const recording = choose(vendor, asked)
    if (vendor === 'yahoo' && isHandshake(url.pathname) && (!pinned || recording !== pinned)) {
      return shakeHands(response, url.pathname)
    }
    served.push({ vendor, asked, recording: recording?.id })
    if (recording) return send(response, recording.status, headersOf(recording), recording.body)
    const { status, body } = unknownReply(vendor, asked)
    send(response, status, { 'content-type': 'application/json' }, JSON.stringify(body))
  }

  const choose = (vendor: ProviderName, asked: Asked): Recording | undefined => {
    if (!pinned || pinned.vendor !== vendor) return bestMatch(recordings, vendor, asked)
    if (pinnedReach === 'data' && vendor === 'yahoo' && isHandshake(asked.endpoint)) return undefined
    if (pinnedReach !== 'endpoint' || isSameEndpoint(asked, askedOf(vendor, pinned.url))) return pinned
    return bestMatch(recordings, vendor, asked)
  }

  const server = createServer(answer)
  server.listen(port, host)
  await once(server, 'listening')
  const { port: bound } = server.address() as AddressInfo

  return {
    url: `http://${host}:${bound}`,
    recordings,
    served,
    use(id, reach = 'endpoint', changes = {}) {
      const found = recordings.find((each) => each.id === id)
      if (id !== undefined && !found) throw new RangeError(`there is no recording ${id}`)
      pinnedReach = reach
      pinned = found && { ...found, ...changes }
      served.length = 0
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}

function headersOf({ headers, body }: Recording): Record<string, string> {
  const kept = KEPT_HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]] as const]))
  return { 'content-type': contentTypeOf(body), ...Object.fromEntries(kept) }
}

/** Most recordings kept no headers: the type is then what the body looks like. */
function contentTypeOf(body: Buffer): string {
  const start = body.subarray(0, 64).toString('utf8').trimStart()
  if (start.startsWith('{') || start.startsWith('[')) return 'application/json'
  return start.startsWith('<') ? 'text/html' : 'text/plain'
}

/** Yahoo's pages, which hand out the cookie, and the crumb that goes with it. Everything else is an API path. */
function isHandshake(path: string): boolean {
  return path === '/' || path.startsWith('/quote/') || path === '/v1/test/getcrumb'
}

function shakeHands(response: ServerResponse, path: string): void {
  if (path.endsWith('/getcrumb')) return send(response, 200, { 'content-type': 'text/plain' }, CRUMB)
  send(response, 200, { 'content-type': 'text/html', 'set-cookie': COOKIE }, '<html></html>')
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string | Buffer): void {
  response.writeHead(status, headers)
  response.end(body)
}
