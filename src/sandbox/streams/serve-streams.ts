import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Exchange } from '../exchange.ts'
import type { Scenarios } from '../scenarios.ts'
import type { Accounts } from '../vendors/upstox/accounts.ts'
import { alpacaStream } from './alpaca/alpaca.ts'
import { finnhubStream } from './finnhub/finnhub.ts'
import { massiveStream } from './massive/massive.ts'
import { upstoxStream } from './upstox/upstox.ts'
import { STREAM_VENDOR_NAMES, type StreamVendorName } from './stream-vendor-names.ts'
import type { StreamContext, StreamRequest, StreamVendor } from './stream-vendor.ts'
import { tiingoStream } from './tiingo/tiingo.ts'
import { yahooStream } from './yahoo/yahoo.ts'

/** Control messages are short, and lists of symbols not very long. */
const MAX_FRAME_BYTES = 1024 * 1024

const VENDORS: Record<StreamVendorName, (context: StreamContext) => StreamVendor> = {
  'alpaca-stream': alpacaStream,
  'massive-stream': massiveStream,
  'upstox-stream': upstoxStream,
  'finnhub-stream': finnhubStream,
  'tiingo-stream': tiingoStream,
  'yahoo-stream': yahooStream
}

export type StreamsOptions = {
  readonly server: Server
  readonly exchange: Exchange
  readonly tickMs: number
  readonly scenarios: Scenarios
  readonly upstoxAccounts: Accounts
}

/** Lets a server answer the vendors' WebSocket streams too, each under its name: `/alpaca-stream/v2/iex`. */
export function serveStreams({ server, exchange, tickMs, scenarios, upstoxAccounts }: StreamsOptions): {
  close(): void
} {
  // Pings are answered by the stand-ins, for one that plays dead answers none.
  const sockets = new WebSocketServer({
    noServer: true,
    autoPong: false,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: true
  })
  const vendors = new Map(
    STREAM_VENDOR_NAMES.map((name) => [
      name as string,
      VENDORS[name]({ exchange, tickMs, upstoxAccounts, troubles: () => scenarios.drawFor(name, '/') })
    ])
  )
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const target = `http://sandbox${request.url ?? '/'}`
    const { pathname, searchParams: query } = new URL(URL.canParse(target) ? target : 'http://sandbox/')
    const [, name = ''] = pathname.split('/')
    const path = pathname.slice(name.length + 1)
    const vendor = vendors.get(name)
    const asked: StreamRequest = { path, query, headers: request.headers }
    const refusal = vendor?.knows(path) ? vendor.refuses?.(asked) : 404
    if (vendor && refusal === undefined) {
      sockets.handleUpgrade(request, socket, head, (client) => vendor.connected(client, asked))
    } else {
      socket.end(`HTTP/1.1 ${refusal} ${STATUS_CODES[refusal ?? 404]}\r\nconnection: close\r\n\r\n`)
    }
  })
  return {
    close() {
      for (const vendor of vendors.values()) vendor.close()
      sockets.close()
    }
  }
}
