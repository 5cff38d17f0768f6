import type { Answered, RequestsWanted } from './http-clients.ts'
import { ask } from './conversation.ts'
import { cpuSecondsOf, type Server } from './processes.ts'

export type Round = Answered & { requestsPerSecond: number; requestsPerCpuSecond: number }

export type RoundOptions = Omit<RequestsWanted, 'url'> & { server: Server; clients: Server }

/** One measured round: every answer must be a 200, and the CPU time is the server's own. */
export async function measureRound({ server, clients, ...wanted }: RoundOptions): Promise<Round> {
  const cpuBefore = cpuSecondsOf(server.child.pid!)
  const answered = await ask<Answered>(clients.child, 'measure', {
    ...wanted,
    url: server.url
  } satisfies RequestsWanted)
  const cpuSeconds = cpuSecondsOf(server.child.pid!) - cpuBefore
  return {
    ...answered,
    requestsPerSecond: answered.requests / answered.seconds,
    requestsPerCpuSecond: answered.requests / cpuSeconds
  }
}
