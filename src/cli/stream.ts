import type { StreamEvent } from '../client/client.ts'
import { defineCommand, type Values } from './command.ts'
import type { Client } from '../client/client.ts'
import { connect, SERVER_OPTIONS, serverNow } from './connection.ts'
import { ExitCode } from './exit-code.ts'
import { CommandFailure, exitCodeOf } from './failure.ts'
import { interruptible } from './interruption.ts'
import { isTable, LIST_OPTIONS, warn } from './listing.ts'
import { LiveTable } from './live-table.ts'
import { LIVE_STREAMS } from './live-values.ts'
import { standardOutput } from './output.ts'
import { jsonLine } from './terminal-text.ts'

const OPTIONS = {
  stream: { type: 'text', choices: LIVE_STREAMS, default: 'quotes', description: 'What of the symbols' },
  since: {
    type: 'text',
    value: 'CURSOR',
    description: 'Goes on behind the event that had this cursor: nothing is missed'
  },
  conflate: { type: 'number', value: 'MS', description: 'The newest quote of each symbol so often' },
  ...LIST_OPTIONS,
  ...SERVER_OPTIONS
} as const

export const stream = defineCommand({
  name: 'stream',
  summary: 'Values as they come: a live table on a terminal, else a line of JSON for each event',
  notes: [
    'It connects again by itself and goes on where it was: each event comes once. Every line has the cursor that',
    '--since takes. Ctrl-C ends it.'
  ],
  examples: ['quotewire stream AAPL MSFT', 'quotewire stream AAPL --stream trades | jq .data.trade'],
  operands: { name: 'SYMBOL', description: 'In any usual spelling', min: 1 },
  options: OPTIONS,
  async run({ operands, options }) {
    const client = await connect(options)
    const now = await serverNow(client)
    return isTable(options.format) ? watch(client, operands, options, now) : print(client, operands, options)
  }
})

type Asked = Values<typeof OPTIONS>

const eventsOf = (
  client: Client,
  symbols: readonly string[],
  { stream, since, conflate }: Asked,
  signal: AbortSignal
) =>
  client.stream({
    symbols: [...symbols],
    stream: stream ?? 'quotes',
    signal,
    ...(since !== undefined && { since }),
    ...(conflate !== undefined && { conflateMs: conflate })
  })

/** As fast as whoever reads the lines takes them; a server that is kept waiting too long is resumed by cursor. */
async function print(client: Client, symbols: readonly string[], asked: Asked): Promise<number> {
  const followed = new Followed()
  for await (const event of eventsOf(client, symbols, asked, standardOutput.gone)) {
    if ('cursor' in event) await standardOutput.write(`${jsonLine(event)}\n`)
    for (const text of followed.news(event)) warn(text)
  }
  return ExitCode.ok
}

async function watch(client: Client, symbols: readonly string[], asked: Asked, now: () => number): Promise<number> {
  const table = new LiveTable(asked.stream ?? 'quotes', now)
  const followed = new Followed()
  try {
    await interruptible(async (signal) => {
      table.open()
      for await (const event of eventsOf(client, symbols, asked, signal)) {
        table.take(event)
        for (const text of followed.news(event)) table.tell(text)
      }
      signal.throwIfAborted()
    })
  } finally {
    await table.close()
  }
  return ExitCode.ok
}

/** What is still followed, and what people are to be told beside the values. */
class Followed {
  readonly #symbols = new Set<string>()
  #wasLost = false

  /** Throws where the server carries none of the symbols. */
  news(event: StreamEvent): string[] {
    switch (event.type) {
      case 'connection':
        return this.#connection(event.data)
      case 'subscribed': {
        for (const { symbol } of event.data.accepted) this.#symbols.add(symbol!)
        return this.#unless(event.data.rejected.map(({ symbol, message }) => `${symbol}: ${message}`))
      }
      case 'unsubscribed': {
        for (const symbol of event.data.removed) this.#symbols.delete(symbol)
        return event.data.reason === undefined
          ? []
          : this.#unless(event.data.removed.map((symbol) => `No provider knows ${symbol}`))
      }
      case 'gap': {
        const { from = 'an unknown time', to, reason } = event.data
        return [`Events from ${from} to ${to} may be missing: ${reason}`]
      }
      case 'notice':
        return [event.data.message]
      case 'error':
        // It ends the connection, and that says the same.
        return exitCodeOf(event.data) === ExitCode.notAllowed ? [] : [event.data.message]
      default:
        return []
    }
  }

  #connection(data: Extract<StreamEvent, { type: 'connection' }>['data']): string[] {
    const wasLost = this.#wasLost
    this.#wasLost = data.state === 'lost'
    if (data.state === 'open') return wasLost ? ['Connected again'] : []
    return wasLost ? [] : [`The connection is lost: ${data.reason}; it is tried again`]
  }

  #unless(problems: string[]): string[] {
    if (this.#symbols.size > 0 || problems.length === 0) return problems
    throw new CommandFailure(ExitCode.notFound, problems.join('; '))
  }
}
