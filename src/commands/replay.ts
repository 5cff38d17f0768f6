import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { findApi, UsageError } from './running-api.ts'

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

type Order = { symbols: string[]; query: URLSearchParams; url: string | undefined; key: string | undefined }
type Frame = {
  type: string
  data: { code?: string; message?: string; rejected?: { symbol?: string; message: string }[] }
}

async function main(args: readonly string[]): Promise<void> {
  const order = readOrder(args)
  const { url, key } = await findApi(order)
  const address = new URL(`${ENDPOINT}?${order.query.toString()}`, url.replace(/^http/, 'ws'))
  const socket = new WebSocket(address, ['quotewire', `bearer.${key}`])
  socket.on('message', (bytes: Buffer) => take(socket, bytes, order))
  // Whoever read the lines has enough of them.
  process.stdout.on('error', () => socket.close(NORMAL))
  socket.on(
    'unexpected-response',
    (_request, response) => void refusal(response).then((error) => socket.emit('error', error))
  )
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  if (code !== NORMAL) throw new Error(`the replay broke off: ${code} ${reason.toString()}`)
}

/** Reads nothing more while whoever gets the lines does not take them. */
function take(socket: WebSocket, bytes: Buffer, { symbols }: Order): void {
  const { type, data } = JSON.parse(bytes.toString()) as Frame
  if (type === 'welcome') {
    socket.send(JSON.stringify({ type: 'subscribe', data: { type: 'stock_quotes', stream: 'trades', symbols } }))
  } else if (PRINTED.has(type)) {
    if (process.stdout.write(`${bytes.toString()}\n`) || socket.isPaused) return
    socket.pause()
    process.stdout.once('drain', () => socket.resume())
  } else if (type === 'subscribed') {
    for (const { symbol, message } of data.rejected ?? []) process.stderr.write(`${symbol}: ${message}\n`)
    if (data.rejected?.length === symbols.length) socket.close(NORMAL)
  } else if (type === 'error') process.stderr.write(`${data.code}: ${data.message}\n`)
}

async function refusal(response: AsyncIterable<Buffer>): Promise<Error> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  try {
    return new Error((JSON.parse(text) as { error: { message: string } }).error.message)
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
  return { symbols: symbols.split(',').map((symbol) => symbol.trim()), query, url, key }
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
  const isUsage = error instanceof UsageError
  process.stderr.write(`${(error as Error).message}\n${isUsage ? `\n${USAGE}\n` : ''}`)
  process.exitCode = isUsage ? 2 : 1
}
