import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import { expect, onTestFinished, test } from 'vitest'
import { startPostgres } from '../../src/embedded/postgres.ts'
import { ORDINARY_USER, privateFolder, PROGRAMS_HOME } from '../support/folders.ts'

async function start(directory: string, durable = false) {
  const server = await startPostgres({ home: PROGRAMS_HOME, directory, durable })
  onTestFinished(() => server.stop())
  return server
}

async function query(url: string, statement: string) {
  const sql = postgres(url, { max: 1 })
  try {
    return await sql.unsafe(statement)
  } finally {
    await sql.end()
  }
}

test('keeps rows across a restart, in a folder that only its owner can enter, behind its password', async () => {
  const folder = await privateFolder()
  const first = await start(join(folder, 'postgres'))
  await query(first.url, 'create table kept as select 42 as answer')
  await first.stop()

  const second = await start(join(folder, 'postgres'))
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  expect((await stat(join(folder, 'postgres', 'password'))).mode & 0o077).toBe(0)

  const stranger = new URL(second.url)
  stranger.password = 'guessed'
  await expect(query(stranger.href, 'select 1')).rejects.toThrow(/password authentication failed/)
})

test('starts although somebody else now has the process number in a stale pid file', async () => {
  const directory = join(await privateFolder(), 'postgres')
  await (await start(directory)).stop()
  const stale = join(directory, 'data', 'postmaster.pid')
  await writeFile(stale, `${process.pid}\n${join(directory, 'data')}\n1600000000\n5432\n\n127.0.0.1\n`)
  if (ORDINARY_USER) await chown(stale, ORDINARY_USER.uid, ORDINARY_USER.gid)

  const server = await start(directory)
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('never lets two servers work on the same data after a crash of Quotewire', async () => {
  const directory = join(await privateFolder(), 'postgres')
  const leftover = await start(directory)
  await query(leftover.url, 'create table kept as select 1 as row')

  const server = await start(directory)
  expect(await leftover.exited).toBe('ended with code 0')
  expect(await query(server.url, 'select row from kept')).toEqual([{ row: 1 }])
})

test('recovers committed rows after kill -9 of Postgres', async () => {
  const directory = join(await privateFolder(), 'postgres')
  const killed = await start(directory, true)
  await query(killed.url, 'create table kept as select 7 as row')
  process.kill(killed.pid, 'SIGKILL')
  await killed.exited

  const server = await start(directory)
  expect(await query(server.url, 'select row from kept')).toEqual([{ row: 7 }])
})

test('an interrupted creation leaves nothing that the next start would mistake for data', async () => {
  const directory = join(await privateFolder(), 'postgres')
  const starting = startPostgres({ home: PROGRAMS_HOME, directory, durable: false, signal: AbortSignal.abort() })
  await expect(starting).rejects.toThrow(/abort/i)
  await mkdir(join(directory, 'data.draft', 'half'), { recursive: true })
  await rm(join(directory, 'data'), { recursive: true })

  const server = await start(directory)
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(await readdir(directory)).not.toContain('data.draft')
})

const mayMount = process.platform === 'linux' && spawnSync('unshare', ['--mount', 'true']).status === 0

test.skipIf(!mayMount)('runs where shared memory is full (skipped unless the tests may mount)', async () => {
  const folder = await privateFolder()
  await chmod(folder, 0o755)
  const module = JSON.stringify(join(import.meta.dirname, '../../src/embedded/postgres.ts'))
  const script = `
    const { startPostgres } = await import(${module})
    const options = ${JSON.stringify({ home: PROGRAMS_HOME, directory: join(folder, 'postgres'), durable: false })}
    for (const run of [1, 2]) await (await startPostgres(options)).stop()
    console.log('ran twice')`
  await mkdir(join(folder, 'postgres'))
  const inside = 'mount -t tmpfs -o size=64k tmpfs /dev/shm && exec "$0" --input-type=module --eval "$1"'
  const { stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', inside, process.execPath, script], {
    encoding: 'utf8'
  })
  expect(stdout, stderr).toBe('ran twice\n')
})

test.skipIf(!ORDINARY_USER)('runs for an ordinary user (skipped unless the tests run as root)', async () => {
  const folder = await privateFolder()
  await chmod(folder, 0o755)
  const directory = join(folder, 'postgres')
  const home = join(folder, 'home')
  for (const owned of [directory, home]) {
    await mkdir(owned)
    await chown(owned, ORDINARY_USER!.uid, ORDINARY_USER!.gid)
  }
  const module = JSON.stringify(join(import.meta.dirname, '../../src/embedded/postgres.ts'))
  const options = JSON.stringify({ home, directory, durable: false })
  const script = `
    const { startPostgres } = await import(${module})
    const server = await startPostgres(${options})
    console.log(server.url)
    process.once('SIGTERM', () => server.stop())`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...ORDINARY_USER
  })
  const [url] = (await once(child.stdout, 'data')) as [Buffer]
  expect(await query(url.toString().trim(), 'select 1 as one')).toEqual([{ one: 1 }])
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})
