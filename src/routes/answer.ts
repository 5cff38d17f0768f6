import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify'
import { Type } from 'typebox'
import type { ClassFreshness } from '../market/data-freshness.ts'
import type { Answer } from '../market/market-data.ts'

type Validity = Pick<Answer<unknown>, 'receivedAt' | 'freshUntil'>

/** What a route that answers with `sendAnswer` can answer besides; its document says the headers too. */
export const cacheable = { 304: Type.Null({ description: 'The client holds it already (If-None-Match)' }) }

/** Longer bodies are sent in pieces: whoever compresses tens of megabytes at once keeps everybody waiting. */
const MAX_BYTES_AT_ONCE = 1024 * 1024
const BYTES_PER_PIECE = 64 * 1024

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
  const { body } = answer
  if (body.length <= MAX_BYTES_AT_ONCE) return void reply.send(body)
  reply.header('content-length', body.length)
  reply.send(Readable.from(piecesOf(body)))
}

function* piecesOf(body: Buffer): Generator<Buffer, void> {
  for (let at = 0; at < body.length; at += BYTES_PER_PIECE) yield body.subarray(at, at + BYTES_PER_PIECE)
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
