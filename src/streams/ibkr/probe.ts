import { CLOSED, openTws, twsEndpoint } from './port.ts'
import { readMessages } from './wire.ts'

const CLIENT_ID_TAKEN = 326

/**
 * What became of an attempt to connect. `serverVersion`: what TWS agreed to speak. `unreachable`: nothing listens there;
 * `silent`: connections are taken, and nothing is said; `closed`: they are ended again; `client_id_taken`: another program
 * is connected under the number; `refused`: TWS says that it cannot be used.
 */
export type TwsProbe = {
  readonly outcome: 'ready' | 'client_id_taken' | 'refused' | 'unreachable' | 'silent' | 'closed'
  readonly serverVersion?: number
  /** In TWS's words, or those of the system. */
  readonly text?: string
}

/** Connects as a client, and leaves at once. Never rejects, and takes no longer than told. */
export function probeTws(at: { host: string; port: number; clientId: number }, timeoutMs: number): Promise<TwsProbe> {
  return new Promise((resolve) => {
    let serverVersion: number | undefined
    let isConnected = false
    const end = (outcome: TwsProbe['outcome'], text?: string) => {
      clearTimeout(timer)
      socket.drop()
      resolve({ outcome, ...(serverVersion !== undefined && { serverVersion }), ...(text !== undefined && { text }) })
    }
    const socket = openTws(twsEndpoint(at), {
      opened: () => (isConnected = true),
      ponged: () => undefined,
      received(frame) {
        for (const message of readMessages(frame)) {
          if (message.tell === 'greeted') ({ serverVersion } = message)
          else if (message.tell === 'ready') end('ready')
          else if (message.tell === 'problem' && message.code === CLIENT_ID_TAKEN) end('client_id_taken')
          else if (message.tell === 'problem' && !isConnected) end('refused', message.text)
        }
      },
      ended: (code, reason) => (code === CLOSED ? end('closed') : end('unreachable', reason))
    })
    const timer = setTimeout(() => end('silent'), timeoutMs)
  })
}
