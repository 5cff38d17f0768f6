import { Type, type Static } from 'typebox'

const CHECK_TIMEOUT_MS = 2000

/** Whether a service that the server needs answers. */
export const Dependency = Type.Object({
  status: Type.Enum(['up', 'down']),
  latencyMs: Type.Optional(Type.Number()),
  reason: Type.Optional(Type.String())
})
export type Dependency = Static<typeof Dependency>

/** By name; each rejects when its service does not answer. */
export type DependencyChecks = Readonly<Record<string, () => Promise<unknown>>>

/** Asks all at once. Never rejects, and answers within two seconds. */
export async function checkDependencies(checks: DependencyChecks): Promise<Record<string, Dependency>> {
  const results = Object.entries(checks).map(async ([name, check]) => [name, await checkOne(check)] as const)
  return Object.fromEntries(await Promise.all(results))
}

async function checkOne(check: () => Promise<unknown>): Promise<Dependency> {
  const startedAt = performance.now()
  const { promise: timeout, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error()), CHECK_TIMEOUT_MS)
  try {
    await Promise.race([check(), timeout])
    return { status: 'up', latencyMs: Math.round((performance.now() - startedAt) * 100) / 100 }
  } catch {
    // Drivers put addresses and user names into their messages, and this may be read without a token.
    return { status: 'down', reason: 'does not answer' }
  } finally {
    clearTimeout(timer)
  }
}
