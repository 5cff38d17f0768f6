import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { privateFolder, PROGRAMS_HOME } from './folders.ts'

const READY_TIMEOUT_MS = 60_000
const root = join(import.meta.dirname, '../..')

export type StartedSystem = {
  readonly process: ChildProcess
  /** What it printed until now. */
  output(): string
  /** Resolves with the address and the key that it prints when it is ready. */
  ready(): Promise<{ url: string; key: string }>
  /** Resolves with the exit code. */
  exited: Promise<number | null>
}

/** A home that was never used; only programs that would have to be fetched from the network are there already. */
export async function freshHome(): Promise<string> {
  const home = await privateFolder()
  await symlink(join(PROGRAMS_HOME, 'programs'), join(home, 'programs'))
  return home
}

/** Runs what `npm start` runs, with the default configuration, on a free port. It is ended with the test. */
export function startSystem(home: string, env: NodeJS.ProcessEnv = {}): StartedSystem {
  const child = spawn(process.execPath, [join(root, 'bin/run.mjs'), 'src/start.ts'], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, QUOTEWIRE_HOME: home, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let printed = ''
  child.stdout.on('data', (chunk) => (printed += chunk))
  child.stderr.on('data', (chunk) => (printed += chunk))
  const exited = once(child, 'close').then(([code]) => code as number | null)
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await exited
  })

  const ready = async () => {
    const giveUp = AbortSignal.timeout(READY_TIMEOUT_MS)
    for (;;) {
      const [, url] = /API {7}(\S+)/.exec(printed) ?? []
      const [, key] = /API key {3}(\S+)/.exec(printed) ?? []
      if (url && key && printed.includes('Ctrl-C')) return { url, key }
      if (child.exitCode !== null) throw new Error(`It ended with code ${child.exitCode}:\n${printed}`)
      await once(child.stdout, 'data', { signal: giveUp })
    }
  }
  return { process: child, output: () => printed, ready, exited }
}

/** A quote of AAPL, asked for as the printed lines do it. */
export async function quote(url: string, key: string): Promise<{ status: number; body: { price?: number } }> {
  const answer = await fetch(`${url}/api/v1/market/quote/AAPL`, { headers: { authorization: `Bearer ${key}` } })
  return { status: answer.status, body: (await answer.json()) as { price?: number } }
}
