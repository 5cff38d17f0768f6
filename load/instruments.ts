import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { migrate } from '../db/migrate.ts'
import { startPostgres } from '../src/embedded/postgres.ts'
import { DAY_MS } from '../src/market/time.ts'

const ROWS = 100_000
/** Of the second day: so many contracts are gone, as many are new, and as many have another lot. */
const REPLACED = 2000
const STRIKES = 500
const INDIA_MS = 19_800_000

type ImportRun = { readonly seconds: number; readonly rssMiB: number; readonly note: string }

/**
 * A master file of 100,000 rows as the job takes it over, from the request for the file to the commit, in a process that does
 * nothing else: into an empty table, and then the file of the next day, in which some contracts are gone, some new and some
 * changed. The memory is the most that the process ever had.
 */
export async function run(): Promise<Record<string, number>> {
  const home = await mkdtemp(join(tmpdir(), 'quotewire-load-'))
  const postgres = await startPostgres({ home, directory: join(home, 'postgres') })
  const files = [masterFile(0), masterFile(REPLACED)]
  const vendor = createServer((_request, response) => response.end(files.shift()))
  vendor.listen(0, '127.0.0.1')
  try {
    await Promise.all([once(vendor, 'listening'), migrate(postgres.url)])
    const url = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`
    const env = { ...process.env, DATABASE_URL: postgres.url, UPSTOX_MASTERS: 'NSE', UPSTOX_MASTERS_URL: url }
    const first = await imported(env)
    const next = await imported(env)
    console.table({ 'first day': first, 'next day': next })
    const rssMiB = Math.max(first.rssMiB, next.rssMiB)
    return { rows: ROWS, seconds: first.seconds, secondsNextDay: next.seconds, rssMiB }
  } finally {
    vendor.close()
    await postgres.stop()
    await rm(home, { recursive: true, force: true })
  }
}

async function imported(env: NodeJS.ProcessEnv): Promise<ImportRun> {
  const entry = join(import.meta.dirname, 'servers/importer.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, entry], { env })
  return JSON.parse(stdout) as ImportRun
}

/** Contracts on an index with all that the vendor tells of each; the first so many of them are those of later expiries. */
function masterFile(replaced: number): Buffer {
  const rows = Array.from({ length: ROWS }, (_, index) =>
    contract(index < replaced ? index + ROWS : index, replaced > 0)
  )
  return gzipSync(`[${rows.map((row) => JSON.stringify(row)).join(',')}]`)
}

function contract(number: number, isNextDay: boolean) {
  const series = Math.floor(number / 2 / STRIKES)
  const type = number % 2 === 0 ? 'CE' : 'PE'
  const strike = 10_000 + (Math.floor(number / 2) % STRIKES) * 50
  const expiry = Math.ceil(Date.now() / DAY_MS + 7 * (1 + series)) * DAY_MS - INDIA_MS - 1000
  return {
    weekly: true,
    segment: 'NSE_FO',
    name: 'NIFTY',
    exchange: 'NSE',
    expiry,
    instrument_type: type,
    asset_symbol: 'NIFTY',
    underlying_symbol: 'NIFTY',
    instrument_key: `NSE_FO|${35_000 + number}`,
    lot_size: isNextDay && number % (ROWS / REPLACED) === 0 ? 65 : 75,
    freeze_quantity: 1800,
    exchange_token: String(35_000 + number),
    minimum_lot: 75,
    asset_key: 'NSE_INDEX|Nifty 50',
    underlying_key: 'NSE_INDEX|Nifty 50',
    tick_size: 5,
    asset_type: 'INDEX',
    underlying_type: 'INDEX',
    trading_symbol: `NIFTY ${strike} ${type} ${new Date(expiry).toDateString().toUpperCase()}`,
    strike_price: strike,
    qty_multiplier: 1
  }
}
