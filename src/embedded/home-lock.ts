import { createHash } from 'node:crypto'
import { mkdir, realpath, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedServiceError } from './server-process.ts'

const ANSWER_TIMEOUT_MS = 1000

export type HomeLock = { release(): Promise<void> }

/**
 * Makes this process the only one that works on a home, until it releases it or ends, however it ends: the lock is a
 * listening socket, which the kernel closes with its process. Throws EmbeddedServiceError where another one holds it.
 */
export async function holdHome(root: string): Promise<HomeLock> {
  await mkdir(root, { recursive: true })
  const name = `quotewire-${createHash('sha256')
    .update(await realpath(root))
    .digest('hex')
    .slice(0, 16)}`
  // Linux has sockets that are names without a file. Elsewhere the file of a killed process has to be cleared away.
  const isFile = process.platform !== 'linux'
  const address = isFile ? join(tmpdir(), `${name}.sock`) : `\0${name}`

  let server = await listen(address)
  const holder = server ? undefined : await ask(address)
  if (!server && isFile && holder === undefined) {
    await rm(address, { force: true })
    server = await listen(address)
  }
  if (!server) {
    throw new EmbeddedServiceError(
      `Quotewire already works on ${root} (process ${holder ?? 'unknown'}). ` +
        'Stop it first, or set QUOTEWIRE_HOME to another folder for this one.'
    )
  }
  return { release: () => new Promise((resolve) => server.close(() => resolve())) }
}

/** Undefined where somebody else listens there. Whoever connects is told this process's number. */
function listen(address: string): Promise<Server | undefined> {
  const server = createServer((client) => client.on('error', () => {}).end(`${process.pid}`))
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)
    )
    server.listen(address, () => resolve(server.unref()))
  })
}

function ask(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(address).setEncoding('utf8').setTimeout(ANSWER_TIMEOUT_MS)
    socket.once('data', (pid: string) => resolve(pid))
    socket.once('timeout', () => socket.destroy())
    socket.once('error', () => resolve(undefined))
    socket.once('close', () => resolve(undefined))
  })
}
