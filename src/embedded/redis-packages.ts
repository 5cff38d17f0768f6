import { execFile } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { FindOptions, RedisSource } from './redis-source.ts'

const run = promisify(execFile)
const FETCH_TIMEOUT_MS = 180_000
/** What redis-server needs beyond a minimal Debian 12, for when apt cannot work it out (broken or half-configured). */
const USUAL_PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1']

type Run = (args: readonly string[]) => Promise<{ stdout: string; stderr: string }>

/** The packages of the system, downloaded and unpacked as an ordinary user. Where the system has no such tool: ENOENT. */
export const SYSTEM_PACKAGES: readonly RedisSource[] = [
  { name: 'apt-get', fetch: fetchWithApt },
  { name: 'apk', fetch: fetchWithApk },
  { name: 'dnf', fetch: fetchWithDnf }
]

async function fetchWithApt({ root, workspace }: Target, { signal }: FindOptions): Promise<void> {
  const apt = tool('apt-get', workspace, signal)
  try {
    await apt(['download', ...(await missingPackages(apt, []))])
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error
    signal?.throwIfAborted()
    await downloadAfresh(workspace, apt)
  }
  for (const file of await filesIn(workspace, '.deb')) await run('dpkg-deb', ['-x', file, root])
}

/**
 * With package lists of its own, away from the system's, which only root may write. They are fetched where the system's
 * are absent, as in most containers, or so old that what they name is gone from the servers.
 */
async function downloadAfresh(workspace: string, apt: Run): Promise<void> {
  const lists = join(workspace, 'lists')
  await mkdir(join(lists, 'partial'), { recursive: true })
  const options = ['-o', `Dir::State::Lists=${lists}`, '-o', `Dir::Cache=${workspace}`, '-o', 'APT::Sandbox::User=']
  // A list that cannot be fetched is a warning to apt, for another one may do.
  const { stderr: warnings } = await apt([...options, '-o', 'Acquire::Languages=none', 'update'])
  try {
    const packages = await missingPackages(apt, options).catch(() => USUAL_PACKAGES)
    await apt([...options, 'download', ...packages])
  } catch (error) {
    throw warnings ? new Error(warnings.trim().split('\n')[0], { cause: error }) : error
  }
}

/** Which packages this machine lacks for a Redis server, by apt's own reckoning. */
async function missingPackages(apt: Run, options: readonly string[]): Promise<string[]> {
  const flags = ['-o', 'Debug::NoLocking=1', '--print-uris', '--yes', '--no-install-recommends']
  const { stdout } = await apt([...options, ...flags, 'install', 'redis-server'])
  const names = [...stdout.matchAll(/^'[^']+' ([^_\s]+)_\S+\.deb /gm)].flatMap(([, name]) => name ?? [])
  return names.includes('redis-server') ? names : USUAL_PACKAGES
}

/** Alpine's packages are gzipped tar archives. Its C library is the system's own: another one would not fit its loader. */
async function fetchWithApk({ root, workspace }: Target, { signal }: FindOptions): Promise<void> {
  await tool('apk', workspace, signal)(['fetch', '--no-cache', '--recursive', '--output', workspace, 'valkey'])
  for (const file of await filesIn(workspace, '.apk')) {
    if (!/^musl-\d/.test(file.slice(workspace.length + 1))) await run('tar', ['-xzf', file, '-C', root])
  }
}

/** Of what the server needs, dnf downloads what this machine lacks. */
async function fetchWithDnf({ root, workspace }: Target, { signal }: FindOptions): Promise<void> {
  await tool('dnf', workspace, signal)(['download', '--resolve', '--destdir', workspace, 'valkey'])
  for (const file of await filesIn(workspace, '.rpm')) {
    await run('rpm2archive', [file])
    await run('tar', ['-xzf', `${file}.tgz`, '-C', root])
  }
}

type Target = Parameters<RedisSource['fetch']>[0]

function tool(program: string, cwd: string, signal?: AbortSignal): Run {
  const env = { ...process.env, LC_ALL: 'C' }
  return (args) => run(program, args, { cwd, env, signal, timeout: FETCH_TIMEOUT_MS })
}

async function filesIn(folder: string, ending: string): Promise<string[]> {
  const names = await readdir(folder)
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name))
}
