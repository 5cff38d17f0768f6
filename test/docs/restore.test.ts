import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises'
import { globSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { describe, expect, onTestFinished, test } from 'vitest'
import { migrate } from '../../db/migrate.ts'
import { startPostgres } from '../../src/embedded/postgres.ts'
import { ORDINARY_USER, privateFolder, PROGRAMS_HOME } from '../support/folders.ts'

const run = promisify(execFile)
/** Where a system that has Postgres' own programs keeps them; of several versions the newest. */
const PROGRAMS = [
  ...globSync('/usr/lib/postgresql/*/bin').toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true })),
  ...(process.env.PATH ?? '').split(delimiter)
].find((folder) => globSync(join(folder, '{initdb,pg_dump,pg_restore,psql}')).length === 4)

/** The commands of the documentation that begin with this one, up to the end of their block, without remarks. */
async function printed(beginning: string): Promise<{ backup: string; restore: string }> {
  const text = await readFile('docs/operations.md', 'utf8')
  const block = [...text.matchAll(/```sh\n([^]*?)```/g)].find(([, commands]) => commands!.startsWith(beginning))?.[1]
  const [backup, restore] = (block ?? '').replaceAll(/ +# .*$/gm, '').split('\n\n')
  if (!backup || !restore) throw new Error(`docs/operations.md prints no backup and restore with ${beginning}`)
  return { backup, restore }
}

async function shell(script: string, cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  await run('sh', ['-ec', script], { cwd, env: { PATH: process.env.PATH, ...env } })
}

async function rows(url: string, statement: string) {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return [...(await sql.unsafe(statement))]
  } finally {
    await sql.end()
  }
}

/** A server of the version that the system's own programs fit, with the schema, a user and bars in two partitions. */
async function ownPostgres(): Promise<string> {
  const folder = await privateFolder()
  const directory = join(folder, 'postgres')
  await mkdir(directory)
  if (ORDINARY_USER) await Promise.all([chmod(folder, 0o711), chown(directory, 65_534, 65_534)])
  const data = join(directory, 'data')
  await writeFile(join(directory, 'password'), 'password')
  if (ORDINARY_USER) await chown(join(directory, 'password'), 65_534, 65_534)
  const options = ['--auth=scram-sha-256', '--username=quotewire', `--pwfile=${join(directory, 'password')}`]
  await run(join(PROGRAMS!, 'initdb'), ['-D', data, '--encoding=UTF8', '--no-locale', '--no-sync', ...options], {
    cwd: directory,
    ...ORDINARY_USER
  })
  const server = await startPostgres({ home: PROGRAMS_HOME, directory, durable: false })
  onTestFinished(() => server.stop())
  const address = new URL(server.url)
  address.pathname = '/postgres'
  await rows(address.href, 'create database quotewire')
  await rows(address.href, 'create database empty')
  await migrate(server.url, 'sandbox')
  await rows(server.url, "insert into users (name) values ('alice')")
  return server.url
}

const named = (url: string, database: string) => Object.assign(new URL(url), { pathname: `/${database}` }).href
const users = (url: string) => rows(url, 'select name from users order by name')

const TIME = { timeout: 60_000 }

describe.skipIf(!PROGRAMS)('a backup of a Postgres of your own (needs initdb and pg_dump of one version)', TIME, () => {
  test('is restored over what is there and into an empty database, as printed, again and again', async () => {
    const url = await ownPostgres()
    const folder = await privateFolder()
    const { backup, restore } = await printed('pg_dump')
    const path = `${PROGRAMS}${delimiter}${process.env.PATH}`
    const at = (database: string) => ({ PATH: path, DATABASE_URL: named(url, database) })
    await shell(backup, folder, at('quotewire'))
    await rows(url, "insert into users (name) values ('made after the backup')")

    for (const database of ['quotewire', 'empty', 'quotewire']) {
      await shell(restore, folder, at(database))
      expect(await users(named(url, database))).toEqual([{ name: 'alice' }])
      await migrate(named(url, database), 'sandbox')
      await shell(backup, folder, at(database))
    }

    await writeFile(join(folder, 'quotewire.dump'), (await readFile(join(folder, 'quotewire.dump'))).subarray(0, 9000))
    await expect(shell(restore, folder, at('quotewire'))).rejects.toThrow()
    expect(await users(url), 'a broken backup replaces nothing').toEqual([{ name: 'alice' }])
  })

  test('is restored in the composition as printed', async () => {
    const url = await ownPostgres()
    const folder = await privateFolder()
    const docker = join(folder, 'docker')
    await writeFile(docker, '#!/bin/sh\n[ "$2" = exec ] || exit 0\nshift 4\nexec "$@"\n')
    await chmod(docker, 0o755)
    const { backup, restore } = await printed('docker compose exec -T postgres pg_dump')
    const { port, password } = new URL(url)
    const env = {
      PATH: [dirname(docker), PROGRAMS, process.env.PATH].join(delimiter),
      PGHOST: '127.0.0.1',
      PGPORT: port,
      PGPASSWORD: password
    }
    await shell(backup, folder, env)
    await rows(url, "insert into users (name) values ('made after the backup')")
    await shell(restore, folder, env)
    expect(await users(url)).toEqual([{ name: 'alice' }])
  })
})

test('a copy of the folder brings an embedded Postgres back, here and in a new place', TIME, async () => {
  const place = await privateFolder()
  const elsewhere = await privateFolder()
  const open = (folder: string) =>
    startPostgres({ home: PROGRAMS_HOME, directory: join(folder, '.quotewire/sandbox/postgres'), durable: false })
  if (ORDINARY_USER) await Promise.all([place, elsewhere].map((folder) => chmod(folder, 0o711)))
  await mkdir(join(place, '.quotewire/sandbox/postgres'), { recursive: true })
  const { backup, restore } = await printed('cp -a .quotewire')

  const first = await open(place)
  await rows(first.url, 'create table kept as select 42 as answer')
  await first.stop()
  await shell(backup, place, {})
  const later = await open(place)
  await rows(later.url, 'update kept set answer = 43')
  await later.stop()
  await shell(restore, place, {})
  await run('cp', ['-a', join(place, 'quotewire-backup'), join(elsewhere, '.quotewire')])

  for (const folder of [place, elsewhere]) {
    const server = await open(folder)
    onTestFinished(() => server.stop())
    expect(await rows(server.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  }
})
