import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { ExitCode } from '../cli/exit-code.ts'
import { CommandFailure, exitCodeOf, UsageError } from '../cli/failure.ts'
import { clock } from '../cli/figures.ts'
import { note } from '../cli/output.ts'
import { ProgressBar } from '../cli/progress-bar.ts'
import { oneLine, severalLines } from '../cli/terminal-text.ts'
import type { ErrorBody } from '../errors.ts'
import { findApi } from './running-api.ts'

const USAGE = `usage: npm run --silent replay -- --symbols SYMBOL[,SYMBOL...] --from WHEN [--until WHEN] [--speed SPEED] [--url URL] [--key KEY]

Prints the stored trades, with their corrections and cancellations, as a WebSocket client would have got them: a line of JSON each.

  --symbols Up to 100 of them
  --from    A date (midnight UTC) or an instant, as 2027-01-15T14:30:00Z
  --until   The same, where the replay ends; without it, the present instant
  --speed   Seconds of the replay in one second, as 60; max (without it): as fast as they are read
  --url     Of the API; without it, that of the running npm start
  --key     One with the scope stream:read; without it, QUOTEWIRE_KEY, or the first key of the running npm start`

const ENDPOINT = '/api/v1/market/ws/stock-quotes'
const PRINTED = new Set(['trade', 'trade_correction', 'trade_cancel'])
const NORMAL = 1000

type Order = {
  symbols: string[]
  query: URLSearchParams
  /** What is replayed, epoch milliseconds: NaN where the server will refuse it. */
  from: number
  until: number
  url: string | undefined
  key: string | undefined
}
type Frame = {
  type: string
  data: {
    timestamp?: string
    code?: string
    message?: string
    rejected?: { symbol?: string; message: string }[]
  }
}

async function main(args: readonly string[]): Promise<void> {
  const order = readOrder(args)
  const { url, key } = await findApi(order)
  const address = new URL(`${ENDPOINT}?${order.query.toString()}`, url.replace(/^http/, 'ws'))
  const socket = new WebSocket(address, ['quotewire', `bearer.${key}`])
  const bar = new ProgressBar('replay')
  let failure: Error | undefined
  socket.on('message', (bytes: Buffer) => {
    failure ??= take(socket, bytes, order, bar)
    if (failure) socket.close(NORMAL)
  })
  // Whoever read the lines has enough of them, and a socket that waited for that reader hears of no end.
  let isReaderGone = false
  process.stdout.on('error', () => {
    isReaderGone = true
    socket.terminate()
  })
  socket.on(
    'unexpected-response',
    (_request, response) => void refusal(response).then((error) => socket.emit('error', error))
  )
  const [code, reason] = (await once(socket, 'close').finally(() => bar.end())) as [number, Buffer]
  if (failure) throw failure
  if (code !== NORMAL && !isReaderGone) throw new Error(`the replay broke off: ${code} ${reason.toString()}`)
}

/** Reads nothing more while whoever gets the lines does not take them. Returns what makes all further waiting vain. */
function take(socket: WebSocket, bytes: Buffer, { symbols, from, until }: Order, bar: ProgressBar): Error | undefined {
  const { type, data } = JSON.parse(bytes.toString()) as Frame
  if (type === 'welcome') {
    socket.send(JSON.stringify({ type: 'subscribe', data: { type: 'stock_quotes', stream: 'trades', symbols } }))
  } else if (PRINTED.has(type)) {
    const at = Date.parse(data.timestamp!)
    if (!process.stdout.isTTY) bar.show((at - from) / (until - from), clock(data.timestamp, Date.now()))
    if (process.stdout.write(`${bytes.toString()}\n`) || socket.isPaused) return undefined
    socket.pause()
    process.stdout.once('drain', () => socket.resume())
  } else if (type === 'subscribed') {
    const rejected = (data.rejected ?? []).map(({ symbol, message }) => `${symbol}: ${message}`)
    if (rejected.length === symbols.length) return new CommandFailure(ExitCode.notFound, rejected.join('; '))
    for (const text of rejected) note(oneLine(text))
  } else if (type === 'error') return new CommandFailure(exitCodeOf(data), data.message!)
  return undefined
}

async function refusal(response: AsyncIterable<Buffer>): Promise<Error> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  try {
    const { code, message } = (JSON.parse(text) as ErrorBody).error
    return new CommandFailure(exitCodeOf({ code }), message)
  } catch {
    return new Error(`this is no Quotewire: ${text.slice(0, 200)}`)
  }
}

function readOrder(args: readonly string[]): Order {
  const { symbols, from, until, speed = 'max', url, key } = readOptions(args)
  if (symbols === undefined) throw new UsageError('--symbols is missing')
  if (from === undefined) throw new UsageError('--from is missing')
  const query = new URLSearchParams({ replay: from, speed, ...(until !== undefined && { until }) })
  if (url !== undefined && !URL.canParse(url)) throw new UsageError('--url must be one, as http://127.0.0.1:3000')
  const span = { from: Date.parse(from), until: until === undefined ? Date.now() : Date.parse(until) }
  return { symbols: symbols.split(',').map((symbol) => symbol.trim()), query, ...span, url, key }
}

function readOptions(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const
    const options = { symbols: text, from: text, until: text, speed: text, url: text, key: text } as const
    return parseArgs({ args: [...args], options, strict: true }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  note(severalLines((error as Error).message))
  if (error instanceof UsageError) note(`\n${USAGE}`)
  process.exitCode = exitCodeOf(error)
}
