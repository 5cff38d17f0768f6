import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
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

/**
 * Reads every recording of the REST providers under a folder (a body beside its `*.meta.json`), ordered by id.
 * Throws TypeError naming a sidecar that does not say what was asked and answered.
 */
export async function readRecordings(folder: string): Promise<Recording[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const sidecars = entries.flatMap((entry) =>
    entry.isFile() && entry.name.endsWith(SIDECAR) ? [join(entry.parentPath, entry.name)] : []
  )
  const recordings = await Promise.all(sidecars.sort().map((path) => readRecording(folder, path)))
  return recordings.flatMap((recording) => recording ?? [])
}

async function readRecording(folder: string, path: string): Promise<Recording | undefined> {
  const id = relative(folder, path).slice(0, -SIDECAR.length)
  const sidecar: unknown = JSON.parse(await readFile(path, 'utf8'))
  if (!Sidecars.Check(sidecar)) throw new TypeError(`${id} has a sidecar without provider, need, url or status`)
  const vendor = VENDOR_FOLDERS[sidecar.provider]
  if (!vendor) return undefined
  return {
    id,
    vendor,
    need: sidecar.need,
    method: sidecar.method ?? 'GET',
    url: new URL(sidecar.url),
    status: sidecar.status,
    headers: lowerCased(sidecar.headers ?? {}),
    body: await readFile(join(path, '..', sidecar.bodyFile)),
    recorded: sidecar.recorded
  }
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

const Sidecar = Type.Object({
  provider: Type.String(),
  need: Type.String(),
  bodyFile: Type.String(),
  method: Type.Optional(Type.String()),
  url: Type.String(),
  status: Type.Integer(),
  headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  recorded: Type.Optional(Type.String())
})
export type Sidecar = Static<typeof Sidecar>
const Sidecars = Compile(Sidecar)
