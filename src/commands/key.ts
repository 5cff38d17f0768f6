import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createAuditStore } from '../../db/audit.ts'
import { createDatabase } from '../../db/client.ts'
import { createKeyStore } from '../../db/keys.ts'
import { createUserStore, type User } from '../../db/users.ts'
import { ConfigError, loadConfig } from '../config/config.ts'
import { homeOf } from '../embedded/home.ts'
import { findRunning } from '../embedded/running.ts'
import { Plan, Scope, scopesAmong } from '../auth/principal.ts'
import { DAY_MS, isoOf } from '../market/time.ts'

const USAGE = `usage: npm run key -- --user NAME --scope SCOPE[,SCOPE...] [--plan PLAN] [--label TEXT] [--expires WHEN] [--quiet]

  --user    Whose key it is; the user is made where there is none of that name
  --scope   ${Scope.enum.join(', ')}
  --plan    ${Plan.enum.join(' or ')}; a new user has standard, a known one keeps what it has
  --label   What the key is for
  --expires When the key ends: after so many days, as 30d, or at an instant, as 2030-01-31 or 2030-01-31T18:00:00Z (UTC)
  --quiet   Print nothing but the key`

const USER_NAME = /^(?=.{1,100}$)\w([\w .@+-]*[\w@+-])?$/
const DAYS = /^(\d{1,5})d$/
const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/

type Order = {
  user: string
  scopes: Scope[]
  plan: Plan | undefined
  label: string | undefined
  expiresAt: string | undefined
  quiet: boolean
}

class UsageError extends Error {}

/** Makes an API key from the command line and prints it, the only time it is ever shown. */
async function main(args: readonly string[]): Promise<void> {
  const order = readOrder(args)
  const database = createDatabase({ url: await findDatabase(), applicationName: 'quotewire-key' })
  try {
    const user = await userFor(order, createUserStore(database))
    const { key, record } = await createKeyStore(database).createKey({ userId: user.id, ...order })
    const details = { userId: user.id, scopes: order.scopes, plan: user.plan, expiresAt: order.expiresAt }
    await createAuditStore(database).append({ actor: 'command line', action: 'key.create', target: record.id, details })
    const end = order.expiresAt === undefined ? '' : `, until ${order.expiresAt}`
    const note = `Key of ${user.name} (plan ${user.plan}) for ${order.scopes.join(', ')}${end}. It is not shown again:\n`
    process.stdout.write(`${order.quiet ? '' : note}${key}\n`)
  } finally {
    await database.close()
  }
}

function readOrder(args: readonly string[]): Order {
  const { user, scope, plan, label, expires, quiet } = readOptions(args)
  if (user === undefined) throw new UsageError('--user is missing')
  if (!USER_NAME.test(user))
    throw new UsageError('--user must be 1 to 100 letters, digits, spaces or . _ @ + -, and end in none of . and space')
  if (scope === undefined) throw new UsageError('--scope is missing')
  const names = scope.split(',').map((name) => name.trim())
  const unknown = names.find((name) => scopesAmong([name]).length === 0)
  if (unknown !== undefined) throw new UsageError(`--scope names ${JSON.stringify(unknown)}, which is none`)
  if (plan !== undefined && !Plan.enum.includes(plan as Plan)) {
    throw new UsageError(`--plan must be ${Plan.enum.join(' or ')}`)
  }
  return {
    user,
    scopes: scopesAmong(names),
    plan: plan as Plan | undefined,
    label,
    expiresAt: instantOf(expires),
    quiet: quiet ?? false
  }
}

/** An ISO instant; a day begins at midnight, UTC. */
function instantOf(expires: string | undefined): string | undefined {
  if (expires === undefined) return undefined
  const days = DAYS.exec(expires)?.[1]
  const instant =
    days === undefined ? Date.parse(INSTANT.test(expires) ? expires : '') : Date.now() + Number(days) * DAY_MS
  if (Number.isNaN(instant)) throw new UsageError('--expires must be days, as 30d, or an instant, as 2030-01-31')
  if (instant <= Date.now()) throw new UsageError('--expires must lie in the future')
  return isoOf(instant)
}

function readOptions(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const
    const options = {
      user: text,
      scope: text,
      plan: text,
      label: text,
      expires: text,
      quiet: { type: 'boolean' }
    } as const
    return parseArgs({ args: [...args], options, strict: true }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** DATABASE_URL, or the Postgres of a running `npm start`. */
async function findDatabase(): Promise<string> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const { DATABASE_URL, QUOTEWIRE_HOME, MARKET } = loadConfig(process.env)
  if (DATABASE_URL) return DATABASE_URL
  const running = await findRunning(homeOf(QUOTEWIRE_HOME, MARKET))
  if (running) return running.databaseUrl
  throw new ConfigError(['No database: set DATABASE_URL, or start Quotewire (npm start) and try again'])
}

async function userFor({ user: name, plan }: Order, users: ReturnType<typeof createUserStore>): Promise<User> {
  const created = await users.createUser(plan ? { name, plan } : { name })
  if (created) return created
  const known = (await users.findByName(name))!
  if (known.name !== name) throw new UsageError(`the user ${known.name} has a name that looks the same`)
  if (known.disabled) throw new UsageError(`the user ${name} is disabled`)
  return plan && plan !== known.plan ? (await users.update(known.id, { plan }))! : known
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  const isUsage = error instanceof UsageError
  process.stderr.write(`${(error as Error).message}\n${isUsage ? `\n${USAGE}\n` : ''}`)
  process.exitCode = isUsage ? 2 : 1
}
