import { defineCommand } from './command.ts'
import type { Client, Gets } from '../client/client.ts'
import { connect, SERVER_OPTIONS } from './connection.ts'
import { ExitCode } from './exit-code.ts'
import { CommandFailure } from './failure.ts'
import { age, clock, span } from './figures.ts'
import { isTable, LIST_OPTIONS, printJson, printTable, printTitle } from './listing.ts'
import { standardOutput } from './output.ts'
import type { Style } from './paint.ts'
import { findServer } from './server.ts'
import type { Cell } from './table.ts'
import { oneLine } from './terminal-text.ts'

const TIMEOUT_MS = 10_000

const COLUMNS = [
  { title: 'Part' },
  { title: 'Name' },
  { title: 'State' },
  { title: 'Age', align: 'right' },
  { title: 'Detail', flexible: true }
] as const

const STYLES: { readonly [state: string]: Style } = {
  ok: 'good',
  up: 'good',
  live: 'good',
  fresh: 'good',
  continuous: 'good',
  degraded: 'warning',
  resting: 'warning',
  late: 'warning',
  mute: 'bad',
  interrupted: 'bad',
  cooling_down: 'warning',
  unavailable: 'bad',
  down: 'bad',
  failing: 'bad'
}
const EXIT_CODES: { readonly [status: string]: number } = { ok: ExitCode.ok, unavailable: ExitCode.unavailable }

type Health = Gets['/api/health']['answer']
/** One part of the server and how it does. `at`: of what it last brought, ISO. */
type Part = { readonly part: string; readonly name: string; readonly state: string; at?: string; detail?: string }

export const status = defineCommand({
  name: 'status',
  summary: 'How the server does: services, vendors, streams, freshness of data, exchanges',
  notes: ['The exit code is 0 where all is well, 1 where something is not, and 5 where the server cannot serve.'],
  options: { ...LIST_OPTIONS, ...SERVER_OPTIONS },
  async run({ options }) {
    const { url } = await findServer(options)
    const [{ health, now }, client] = await Promise.all([healthOf(url), connect(options)])
    const parts = [...partsOf(health), ...(health.ready ? await marketParts(client) : [])]
    const { status, version, market, uptimeSeconds } = health
    if (isTable(options.format)) {
      await printTitle(`Quotewire ${version} at ${url}, ${market} market: ${status}`)
      await standardOutput.lines([oneLine(`up for ${span(uptimeSeconds * 1000)}`), ''])
      await printTable(
        COLUMNS,
        parts.map((part) => rowOf(part, now))
      )
    } else await printJson([{ part: 'server', name: url, state: status, version, market, uptimeSeconds }, ...parts])
    return EXIT_CODES[status] ?? ExitCode.failed
  }
})

/** Open to everybody, and an answer also where it is 503. `now`: by the server's clock, epoch milliseconds. */
async function healthOf(url: string): Promise<{ health: Health; now: number }> {
  try {
    const answer = await fetch(new URL('/api/health', url), { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const health = (await answer.json()) as Health
    if (!health.live) throw new Error('it is no Quotewire')
    return { health, now: Date.parse(answer.headers.get('date') ?? '') || Date.now() }
  } catch (error) {
    const { cause, message } = error as Error
    const reason = cause instanceof Error && cause.message ? cause.message : message
    throw new CommandFailure(ExitCode.unavailable, `${url} does not answer: ${reason}`)
  }
}

function partsOf({ dependencies, providers, data }: Health): Part[] {
  return [
    ...Object.entries(dependencies).map(([name, { status, latencyMs, reason }]) => ({
      part: 'service',
      name,
      state: status,
      detail: reason ?? (latencyMs === undefined ? '' : `${latencyMs.toFixed(1)} ms`)
    })),
    ...Object.entries(providers).map(([name, { status, reason, lastSuccessAt }]) => ({
      part: 'vendor',
      name,
      state: status,
      ...(lastSuccessAt !== undefined && { at: lastSuccessAt }),
      detail: reason ?? ''
    })),
    ...Object.entries(data)
      .filter(([, { status }]) => status !== 'unused')
      .map(([name, { status, targetSeconds, ageSeconds, lastServedAt }]) => ({
        part: 'data',
        name,
        state: status,
        ...(lastServedAt !== undefined && { at: lastServedAt }),
        detail: `served ${ageSeconds === undefined ? 'never' : `${span(ageSeconds * 1000)} old`}, promised ${span(targetSeconds * 1000)}`
      }))
  ]
}

async function marketParts(client: Client): Promise<Part[]> {
  const [{ streams }, { exchanges }] = await Promise.all([
    client.get('/api/v1/broker-status'),
    client.get('/api/v1/marketdata/status')
  ])
  return [
    ...streams.map(({ stream, state, text, lastEventAt }) => ({
      part: 'stream',
      name: stream,
      state,
      ...(lastEventAt !== undefined && { at: lastEventAt }),
      detail: text
    })),
    ...exchanges.map(({ exchange, name, phase, until }) => ({
      part: 'exchange',
      name: exchange,
      state: phase,
      detail: `${name}, until ${clock(until, 0)}`
    }))
  ]
}

function rowOf({ part, name, state, at, detail = '' }: Part, now: number): Cell[] {
  return [part, name, { text: state, style: STYLES[state] }, age(at, now), detail]
}
