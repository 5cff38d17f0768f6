import { createHash } from 'node:crypto'
import { mkdir, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { EmbeddedServiceError } from './server-process.ts'

const ANSWER_TIMEOUT_MS = 1000
const IS_ABSTRACT = process.platform === 'linux'
const PLAIN_REASONS = new Map<string | undefined, string>([
  ['EROFS', 'it lies on a read-only file system'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['ENOTDIR', 'something on the way to it is no folder'],
  ['EEXIST', 'what has this name is no folder'],
  ['ELOOP', 'its symbolic links lead in a circle'],
  ['ENAMETOOLONG', 'its name is too long'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the quota is used up'],
  // A read-only file system may say so of a folder that is not there
  ['ENOENT', 'it cannot be made there']
])

export type HomeLock = { release(): Promise<void> }

/**
 * Makes this process the only one that works on a home, until it releases it or ends, however it ends: the lock is a
 * listening socket, which the kernel closes with its process. Throws EmbeddedServiceError where another one holds it, or
 * where it, or one of the folders in it that are needed, cannot be made or written.
 */
export async function holdHome(root: string, ...folders: string[]): Promise<HomeLock> {
  for (const folder of [root, ...folders]) await prepareFolder(root, folder)
  const address = await addressOf(root)
  let server = await listen(address)
  const holder = server ? undefined : await ask(address)
  if (!server && !IS_ABSTRACT && holder === undefined) {
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

/** The number of the process that holds a home; undefined where none does. */
export async function holderOf(root: string): Promise<number | undefined> {
  const address = await addressOf(root).catch(() => undefined)
  const pid = address && (await ask(address))
  return pid ? Number(pid) : undefined
}

async function prepareFolder(root: string, folder: string): Promise<void> {
  const probe = join(folder, `.writable.${process.pid}`)
  try {
    await makeFolder(folder)
    await writeFile(probe, 'x')
    await rm(probe)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const what = folder === root ? 'which' : `and ${folder}`
    throw new EmbeddedServiceError(
      `QUOTEWIRE_HOME is ${root}, ${what} cannot be written: ${PLAIN_REASONS.get(code) ?? message}. ` +
        'Set it to a folder of yours with room for the data.',
      { cause: error }
    )
  }
}

/** With those above it. Node's own `recursive` tries for ever where a file system says ENOENT to every mkdir, as /proc does. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await isFolder(path))) return
    if (code !== 'ENOENT' || (await isFolder(dirname(path)))) throw error
    await makeFolder(dirname(path))
    await makeFolder(path)
  }
}

const isFolder = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false
  )

/** A name without a file on Linux; elsewhere a file, which of a killed process has to be cleared away. */
async function addressOf(root: string): Promise<string> {
  const digest = createHash('sha256').update(await realpath(root))
  const name = `quotewire-${digest.digest('hex').slice(0, 16)}`
  return IS_ABSTRACT ? `\0${name}` : join(tmpdir(), `${name}.sock`)
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
