import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { homeOf, type Home } from '../embedded/home.ts'
import { findRunning, type Running } from '../embedded/running.ts'
import { readSecret } from '../embedded/secret.ts'
import { ExitCode } from './exit-code.ts'
import { CommandFailure, UsageError } from './failure.ts'

/** Where `npm start` keeps its home unless QUOTEWIRE_HOME says otherwise, wherever the command itself is run. */
const CHECKOUT = dirname(dirname(import.meta.dirname))
const DEFAULT_HOME = '.quotewire'

/** Which server a command names, and with which key. */
export type ServerOptions = { readonly url: string | undefined; readonly key: string | undefined }

export type Server = {
  readonly url: string
  /** Undefined where none is known. */
  readonly key: string | undefined
  /** The `npm start` that runs here. */
  readonly running: Running | undefined
}

/**
 * Where the server is, and with which key: as the options say; as QUOTEWIRE_URL and QUOTEWIRE_KEY say, in the environment or in the
 * checkout's .env; else the `npm start` that runs here. The key that `npm start` made opens everything, so it is shown to
 * that server alone, whatever the options name. Rejects where no server is known.
 */
export async function findServer(options: ServerOptions): Promise<Server> {
  const settings = settingsHere()
  const running = await runningHere(resolve(CHECKOUT, settings('QUOTEWIRE_HOME') ?? DEFAULT_HOME))
  const url = options.url ?? settings('QUOTEWIRE_URL') ?? running?.here.url
  if (url === undefined) {
    const what = 'No server: npm start does not run here, and neither --url nor QUOTEWIRE_URL names one'
    throw new CommandFailure(ExitCode.unavailable, what)
  }
  checkAddress(url, options.url === undefined ? 'QUOTEWIRE_URL' : '--url')
  const isOwn = running !== undefined && new URL(url).origin === new URL(running.here.url).origin
  const key = options.key ?? settings('QUOTEWIRE_KEY') ?? (isOwn ? await readSecret(running.home.firstKey) : undefined)
  return { url, key, running: running?.here }
}

/** The key that is known. Throws where there is none. */
export function keyOf({ key }: Server): string {
  if (key !== undefined) return key
  throw new CommandFailure(ExitCode.notAllowed, 'No API key: neither --key nor QUOTEWIRE_KEY is set')
}

function checkAddress(url: string, name: string): void {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError(`${name} must be an address, as http://127.0.0.1:3000`)
  }
}

/** Of the checkout's .env only what is asked for is used: it holds the secrets of vendors too. */
function settingsHere(): (name: string) => string | undefined {
  const file = join(CHECKOUT, '.env')
  const kept = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
  return (name) => process.env[name]?.trim() || kept[name]?.trim() || undefined
}

/** One process holds a home, whichever market it runs. What another user runs is none of ours. */
async function runningHere(path: string): Promise<{ home: Home; here: Running } | undefined> {
  try {
    for (const market of ['sandbox', 'live'] as const) {
      const home = homeOf(path, market)
      const here = await findRunning(home)
      if (here) return { home, here }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error
  }
  return undefined
}
