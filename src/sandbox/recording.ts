import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { ProviderName } from '../providers/provider.ts'

const SIDECAR = '.meta.json'

/** Folders of recordings by vendor, as they are named on disk. Other folders hold vendors that are not REST providers. */
const VENDOR_FOLDERS: Record<string, ProviderName> = {
  yahoo: 'yahoo',
  fmp: 'fmp',
  alphavantage: 'alpha-vantage',
  'alpha-vantage': 'alpha-vantage',
  tiingo: 'tiingo'
}

/** One answer of a vendor, kept as it was sent. */
export type Recording = {
  /** The path of its sidecar under the folder, without the ending, e.g. `yahoo/quote/quote-AAPL`. */
  readonly id: string
  readonly vendor: ProviderName
  /** What it was asked for, e.g. `historical-daily`. */
  readonly need: string
  readonly method: string
  readonly url: URL
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** As the recorder wrote it: an HTTP date, a day, or a month. */
  readonly recorded: string | undefined
}

/** A sidecar that no recording can be made of, and why. */
export type Unusable = {
  readonly id: string
  readonly provider: string
  readonly need: string
  readonly reason: string
}

/**
 * Reads every recording of the REST providers under a folder (a body beside its `*.meta.json`), ordered by id.
 * Throws TypeError naming a sidecar that does not say what was asked, or that has no body.
 */
export async function readRecordings(folder: string): Promise<Recording[]> {
  const { recordings, unusable } = await readFolder(folder)
  const broken = unusable.find(({ provider }) => VENDOR_FOLDERS[provider])
  if (broken) throw new TypeError(`${broken.id}: ${broken.reason}`)
  return recordings
}

/** Reads what can be read under a folder, and names what cannot, other vendors' recordings among it. */
export async function readFolder(folder: string): Promise<{ recordings: Recording[]; unusable: Unusable[] }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const sidecars = entries.flatMap((entry) =>
    entry.isFile() && entry.name.endsWith(SIDECAR) ? [join(entry.parentPath, entry.name)] : []
  )
  const read = await Promise.all(sidecars.sort().map((path) => readRecording(folder, path)))
  return {
    recordings: read.flatMap((each) => ('reason' in each ? [] : each)),
    unusable: read.flatMap((each) => ('reason' in each ? each : []))
  }
}

/** What a sidecar leaves out, its place tells: `yahoo/quote/quote-AAPL.meta.json` lies beside `quote-AAPL.json`. */
async function readRecording(folder: string, path: string): Promise<Recording | Unusable> {
  const id = relative(folder, path).slice(0, -SIDECAR.length)
  const [inVendor = '', inNeed = ''] = dirname(id).split(/[\\/]/)
  const sidecar = parsed(await readFile(path, 'utf8'))
  const text = (name: string) => (typeof sidecar?.[name] === 'string' ? sidecar[name] : undefined)
  const [provider, need] = [text('provider') ?? inVendor, text('need') ?? inNeed]
  const unusable = (reason: string): Unusable => ({ id, provider, need, reason })
  if (!sidecar) return unusable('its sidecar is not a JSON object')

  const vendor = VENDOR_FOLDERS[provider.toLowerCase()]
  if (!vendor) return { ...unusable('no REST provider here'), need: '*' }
  const url = text('url') ?? ''
  if (url === '' || !URL.canParse(url, RELATIVE_TO)) return unusable('its sidecar has no url that was asked')
  const status = Number(sidecar['status'] ?? 200)
  if (!Number.isInteger(status)) return unusable(`its status is ${String(sidecar['status'])}`)
  const body = await readBody(path, text('bodyFile'), text('bodyEncoding'))
  if (!body) return unusable('it has no body beside its sidecar')
  return {
    id,
    vendor,
    need,
    method: text('method') ?? 'GET',
    url: new URL(url, RELATIVE_TO),
    status,
    headers: headersIn(sidecar['headers']),
    body,
    recorded: text('recorded')
  }
}

/** Decoded and unpacked; undefined where there is none. */
async function readBody(path: string, named: string | undefined, encoding = ''): Promise<Buffer | undefined> {
  const folder = dirname(path)
  const stem = path.slice(folder.length + 1, -SIDECAR.length)
  const file =
    named ?? (await readdir(folder)).find((each) => each.startsWith(`${stem}.`) && !each.endsWith(SIDECAR)) ?? stem
  const raw = await readFile(join(folder, file)).catch(() => undefined)
  const body = raw && /base64/i.test(encoding) ? Buffer.from(raw.toString('latin1'), 'base64') : raw
  return body?.subarray(0, 2).equals(GZIP) ? unpacked(body) : body
}

/** One that was cut off stays as it is: that is what the vendor sent. */
function unpacked(body: Buffer): Buffer {
  try {
    return gunzipSync(body)
  } catch {
    return body
  }
}

const GZIP = Buffer.from([0x1f, 0x8b])
const RELATIVE_TO = 'https://recorded'

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function headersIn(headers: unknown): Record<string, string> {
  if (typeof headers !== 'object' || headers === null) return {}
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
}
