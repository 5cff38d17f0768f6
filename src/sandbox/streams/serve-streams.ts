import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Exchange } from '../exchange.ts'
import type { Scenarios } from '../scenarios.ts'
import { alpacaStream } from './alpaca/alpaca.ts'
import { finnhubStream } from './finnhub/finnhub.ts'
import { massiveStream } from './massive/massive.ts'
import { STREAM_VENDOR_NAMES, type StreamVendorName } from './stream-vendor-names.ts'
import { tiingoStream } from './tiingo/tiingo.ts'
import { yahooStream } from './yahoo/yahoo.ts'
import type { StreamContext, StreamVendor } from './stream-vendor.ts'

/** Control messages are short, and lists of symbols not very long. */
const MAX_FRAME_BYTES = 1024 * 1024

const VENDORS: Record<StreamVendorName, (context: StreamContext) => StreamVendor> = {
  'alpaca-stream': alpacaStream,
  'massive-stream': massiveStream,
  'finnhub-stream': finnhubStream,
  'tiingo-stream': tiingoStream,
  'yahoo-stream': yahooStream
}

export type StreamsOptions = {
  readonly server: Server
  readonly exchange: Exchange
  readonly tickMs: number
  readonly scenarios: Scenarios
}

/** Lets a server answer the vendors' WebSocket streams too, each under its name: `/alpaca-stream/v2/iex`. */
export function serveStreams({ server, exchange, tickMs, scenarios }: StreamsOptions): { close(): void } {
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
      VENDORS[name]({ exchange, tickMs, troubles: () => scenarios.drawFor(name, '/') })
    ])
  )
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const target = `http://sandbox${request.url ?? '/'}`
    const { pathname } = new URL(URL.canParse(target) ? target : 'http://sandbox/')
    const [, name = ''] = pathname.split('/')
    const path = pathname.slice(name.length + 1)
    const vendor = vendors.get(name)
    if (vendor?.knows(path)) {
      sockets.handleUpgrade(request, socket, head, (client) =>
        vendor.connected(client, { path, headers: request.headers })
      )
    } else {
      socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n')
    }
  })
  return {
    close() {
      for (const vendor of vendors.values()) vendor.close()
      sockets.close()
    }
  }
}
