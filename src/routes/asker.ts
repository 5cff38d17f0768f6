import type { FastifyRequest } from 'fastify'
import type { Asker } from '../market/market-data.ts'

/** The user of a request, whose share of the vendors' budgets its answer costs. */
export function askerOf({ principal }: FastifyRequest): Asker {
  return principal ? { user: principal.userId } : 'interactive'
}
