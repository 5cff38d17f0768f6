import type { FastifyReply, FastifyRequest } from 'fastify'
import { translate } from '../error-translation.ts'
import { addressOf } from './network.ts'
import type { Bucket } from './rate-limiter.ts'

/** What is refused before any key was looked for. */
const MALFORMED = new Set([400, 413, 415])

/**
 * The error handler of a route whose body holds an API key: one that cannot be read costs its address a try, as a wrong
 * key does, out of `triesOf` where the route has tries of its own. The answer is left to the handler of the scope.
 */
export function countingMalformed(triesOf?: (request: FastifyRequest) => Promise<Bucket>) {
  async function count(error: Error, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    // A client that went away in the middle of its body sent nothing wrong, and has no address any more.
    const isMalformed = !request.socket.destroyed && MALFORMED.has(translate(error).statusCode)
    try {
      if (isMalformed) await request.server.countAsWrongKey(addressOf(request), await triesOf?.(request))
      reply.send(error)
    } catch (refusal) {
      reply.send(refusal)
    }
  }
  return (error: Error, request: FastifyRequest, reply: FastifyReply): void => void count(error, request, reply)
}
