import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export type Gate = {
  /** The database's address as seen through the gate. */
  readonly url: string
  /** Cuts every connection and refuses new ones, as a server that went down does. */
  shut(): Promise<void>
  /** Cuts every connection, and ends new ones as soon as they are made, as a proxy does whose server went down. */
  abandon(): void
  open(): Promise<void>
  /** Cuts the next connections by themselves, once so many answers came through, or the client sent so many bytes. */
  cutAfter: { readonly answers?: number; readonly sentBytes?: number }
}

/** A way to a server that a test can shut and open again, on one and the same port. */
export async function createGate(target: string): Promise<Gate> {
  const url = new URL(target)
  const { hostname, port } = url
  const sockets = new Set<Socket>()
  let server: Server | undefined
  let isAbandoned = false

  async function open(at = 0): Promise<void> {
    server = createServer((inner) => {
      if (isAbandoned) {
        inner.on('error', () => undefined)
        inner.resume().end()
        return
      }
      const outer = connect(Number(port), hostname)
      for (const socket of [inner, outer]) {
        sockets.add(socket)
        socket.on('error', () => socket.destroy())
        socket.on('close', () => {
          sockets.delete(socket)
          inner.destroy()
          outer.destroy()
        })
      }
      inner.pipe(outer)
      outer.pipe(inner)
      const { answers = Infinity, sentBytes = Infinity } = gate.cutAfter
      let answered = 0
      outer.on('data', () => {
        if (++answered === answers) inner.end(() => inner.destroy())
      })
      inner.on('data', () => {
        if (inner.bytesRead >= sentBytes) inner.destroy()
      })
    })
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
    url.port = String((server.address() as AddressInfo).port)
  }

  const gate: Gate = {
    url: '',
    cutAfter: {},
    shut,
    abandon() {
      isAbandoned = true
      for (const socket of sockets) socket.destroy()
    },
    async open() {
      isAbandoned = false
      if (!server?.listening) await open(Number(url.port))
    }
  }
  await open()
  return Object.assign(gate, { url: Object.assign(url, { hostname: '127.0.0.1' }).href })

  async function shut(): Promise<void> {
    if (!server?.listening) return
    server.close()
    for (const socket of sockets) socket.destroy()
    await once(server, 'close')
  }
}
