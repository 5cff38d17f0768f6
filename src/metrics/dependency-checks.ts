import type { Dependency, DependencyChecks } from '../market/dependency.ts'
import { withTimeout } from '../timeout.ts'

const CHECK_TIMEOUT_MS = 2000

/** Asks all at once. Never rejects, and answers within two seconds. */
export async function checkDependencies(checks: DependencyChecks): Promise<Record<string, Dependency>> {
  const results = Object.entries(checks).map(async ([name, check]) => [name, await checkOne(check)] as const)
  return Object.fromEntries(await Promise.all(results))
}

async function checkOne(check: () => Promise<unknown>): Promise<Dependency> {
  const startedAt = performance.now()
  try {
    await withTimeout(check(), CHECK_TIMEOUT_MS, () => {
      throw new Error()
    })
    return { status: 'up', latencyMs: Math.round((performance.now() - startedAt) * 100) / 100 }
  } catch {
    // Drivers put addresses and user names into their messages, and this may be read without a token.
    return { status: 'down', reason: 'does not answer' }
  }
}
