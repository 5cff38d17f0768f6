import { createServer } from 'node:net'
import { EmbeddedServiceError } from './server-process.ts'

const PORTS_TRIED = 100

export type ListenAddress = { host: string; port: number; chosenByUser: boolean }

/**
 * The port to listen on. A port that the user chose is used or refused; the default makes way to the next free one.
 * Throws EmbeddedServiceError, naming the variable to change.
 */
export async function choosePort({ host, port, chosenByUser }: ListenAddress): Promise<number> {
  if (port === 0) return 0
  for (let candidate = port; candidate < port + PORTS_TRIED; candidate++) {
    const problem = await probe(host, candidate)
    if (problem === undefined) return candidate
    if (problem === 'EADDRNOTAVAIL' || problem === 'ENOTFOUND') {
      throw new EmbeddedServiceError('HOST is not an address of this machine; 127.0.0.1 and 0.0.0.0 always work.')
    }
    if (problem === 'EACCES') throw new EmbeddedServiceError(`Only root may listen on port ${port}: change PORT.`)
    if (chosenByUser)
      throw new EmbeddedServiceError(`Port ${port} is taken: change PORT, or set it to 0 for a free one.`)
  }
  throw new EmbeddedServiceError(`Ports ${port} to ${port + PORTS_TRIED - 1} are all taken: set PORT.`)
}

/** Whether only this machine reaches what listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

async function probe(host: string, port: number): Promise<string | undefined> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  } finally {
    server.close()
  }
}
