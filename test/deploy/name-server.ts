import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

export type NameServer = { readonly address: string; close(): Promise<void> }

const HEAD_BYTES = 12
const TYPE_A = 1
/** A response that was recursed for, without an error. */
const FLAGS = 0x8180

/**
 * A name server, over UDP and TCP, to which every name has these IPv4 addresses. Like Docker's own, it begins each
 * answer with another one.
 */
export async function startNameServer(addresses: readonly string[]): Promise<NameServer> {
  let asked = 0
  const answerTo = (query: Buffer): Buffer => {
    const first = asked++ % addresses.length
    return answer(query, [...addresses.slice(first), ...addresses.slice(0, first)])
  }
  const tcp = createServer((client) => answerOver(client, answerTo)).listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  const { port } = tcp.address() as AddressInfo
  const udp = createSocket('udp4', (query, { port, address }) => udp.send(answerTo(query), port, address))
  udp.bind(port, '127.0.0.1')
  await once(udp, 'listening')
  return {
    address: `127.0.0.1:${port}`,
    async close() {
      await Promise.all([once(udp.close(), 'close'), once(tcp.close(), 'close')])
    }
  }
}

/** Over TCP each message stands behind its length. */
function answerOver(client: Socket, answerTo: (query: Buffer) => Buffer): void {
  let received = Buffer.alloc(0)
  client.on('error', () => undefined)
  client.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
    const message = answerTo(received.subarray(2))
    const length = Buffer.alloc(2)
    length.writeUInt16BE(message.length)
    client.end(Buffer.concat([length, message]))
  })
}

/** Repeats the question; one record for each address where IPv4 was asked for. */
function answer(query: Buffer, addresses: readonly string[]): Buffer {
  const end = query.indexOf(0, HEAD_BYTES) + 5
  const question = query.subarray(HEAD_BYTES, end)
  const records = question.readUInt16BE(question.length - 4) === TYPE_A ? addresses.map(record) : []
  const head = Buffer.alloc(HEAD_BYTES)
  query.copy(head, 0, 0, 2)
  for (const [at, value] of [FLAGS, 1, records.length].entries()) head.writeUInt16BE(value, 2 + 2 * at)
  return Buffer.concat([head, question, ...records])
}

/** The name is a pointer to the question's. */
function record(address: string): Buffer {
  const bytes = Buffer.from([0xc0, HEAD_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0])
  bytes.set(address.split('.').map(Number), HEAD_BYTES)
  return bytes
}
