import type { FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify'
import { Type } from 'typebox'
import type { ClassFreshness } from '../market/data-freshness.ts'
import type { Answer } from '../market/market-data.ts'

type Validity = Pick<Answer<unknown>, 'receivedAt' | 'freshUntil'>

/** What a route that answers with `sendAnswer` can answer besides; its document says the headers too. */
export const cacheable = { 304: Type.Null({ description: 'The client holds it already (If-None-Match)' }) }

/** For answers that are true only now, or are nobody else's business: no cache keeps them. */
export const neverKept: preHandlerHookHandler = (_request, reply, done) => {
  reply.header('cache-control', 'no-store')
  done()
}

/** Sends the ready bytes of an answer, or 304 where the client holds them already. */
export function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer<unknown>,
  freshness: ClassFreshness
): void {
  describeFreshness(reply, answer, freshness)
  if (isHeldByClient(request, reply, answer.etag)) return
  reply.header('content-type', 'application/json; charset=utf-8')
  reply.send(answer.body)
}

/**
 * `max-age` counts from the provider's answer and `Age` says how much of it is over, so that a client's cache expires
 * when ours does.
 */
export function describeFreshness(reply: FastifyReply, value: Validity, freshness: ClassFreshness, count = 1): void {
  const now = Date.now()
  freshness.note(value, now, count)
  reply.header('cache-control', cacheControlOf(value))
  reply.header('age', ageOf(value, now))
}

export function cacheControlOf({ receivedAt, freshUntil }: Validity): string {
  return `private, max-age=${Math.max(0, Math.floor((freshUntil - receivedAt) / 1000))}`
}

export function ageOf({ receivedAt }: Validity, now: number): number {
  return Math.max(0, Math.floor((now - receivedAt) / 1000))
}

/** Answers 304 and returns true where If-None-Match names the entity tag, or its weak form: that of compressed bytes. */
export function isHeldByClient(request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  const held = request.headers['if-none-match']
  reply.header('etag', held?.includes(`W/${etag}`) ? `W/${etag}` : etag)
  if (held === undefined || !(held === '*' || held.includes(etag))) return false
  reply.code(304).send()
  return true
}

/** Says that the answer depends on a header of the request, beside what else it depends on. */
export function varyBy(reply: FastifyReply, header: string): void {
  const others = [reply.getHeader('vary') ?? []].flat().join(', ')
  reply.header('vary', others === '' ? header : `${others}, ${header}`)
}
