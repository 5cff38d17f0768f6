import { execFile } from 'node:child_process'
import { appendFile, chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { startPostgres, type EmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { ORDINARY_USER, PROGRAMS_HOME } from '../support/folders.ts'

const run = promisify(execFile)

/** A streaming replica of a server whose data lies in `primaryFolder`, from a base backup of it. */
export async function startStandby(
  primary: { readonly url: string; readonly folder: string },
  folder: string
): Promise<EmbeddedPostgres> {
  const data = join(folder, 'data')
  const { hostname, port, username, password } = new URL(primary.url)
  const sql = postgres(primary.url, { max: 1 })
  try {
    await mkdir(folder, { mode: 0o700 })
    await sql`select pg_backup_start('standby', true)`
    await run('cp', ['-a', join(primary.folder, 'data'), join(primary.folder, 'password'), folder])
    const [backup] = await sql<[{ labelfile: string }]>`select labelfile from pg_backup_stop(false)`
    await writeOwn(join(data, 'backup_label'), backup.labelfile)
  } finally {
    await sql.end()
  }
  await rm(join(data, 'postmaster.pid'), { force: true })
  await writeOwn(join(data, 'standby.signal'), '')
  const connection = `host=${hostname} port=${port} user=${username} password=${password}`
  await appendFile(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${connection}'\n`)
  return startPostgres({ home: PROGRAMS_HOME, directory: folder, durable: false })
}

/** Postgres does not run as root, and reads nothing of root's. */
async function writeOwn(path: string, text: string): Promise<void> {
  await writeFile(path, text)
  if (ORDINARY_USER) await chown(path, ORDINARY_USER.uid, ORDINARY_USER.gid)
}
