import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { TokenBucket } from '../token-bucket.ts'
import { Authenticate, List, Ping, Subscribe, Unsubscribe, type ClientFrame } from './client-protocol.ts'
import { MAX_NAMES_PER_FRAME, type Failure, type Limits } from './protocol.ts'

type FrameCheck = {
  Check(value: unknown): boolean
  Errors(value: unknown): { instancePath: string; keyword: string; message: string }[]
}

const TYPES = ['subscribe', 'unsubscribe', 'list', 'auth', 'ping'] as const
/** Only frames with names are longer: an auth frame has room for the longest token. */
const MAX_SHORT_FRAME_LENGTH = 16 * 1024
/** A frame and its data have fewer keys each. */
const MAX_KEYS = 16

/** One check per kind of frame and of data, so that what is wrong can be named. */
const CHECKS: Readonly<Record<string, FrameCheck>> = Object.fromEntries([
  ['auth', Compile(Authenticate)],
  ['list', Compile(List)],
  ['ping', Compile(Ping)],
  ...branches('subscribe', Subscribe),
  ...branches('unsubscribe', Unsubscribe)
])

/** Holds a second's frames at first, and two seconds' at most. `now` in epoch milliseconds. */
export const frameBucket = ({ framesPerSecond }: Limits, now: number): TokenBucket =>
  new TokenBucket({ capacity: 2 * framesPerSecond, refillMs: 2000 }, framesPerSecond, now)

/** A client's frame, or why it is none. `id` is the frame's own, where it has a usable one. */
export type ReadFrame = { frame: ClientFrame } | { failure: Failure; id: string | number | undefined }

/**
 * Reads what a client sent. Never throws. What could be long to check is refused by its size first; who has not proved
 * who it is sends short frames only.
 */
export function readClientFrame(bytes: Buffer, isAuthenticated: boolean): ReadFrame {
  const isLong = bytes.length > MAX_SHORT_FRAME_LENGTH
  if (isLong && !isAuthenticated) return refuse('frame', `must not be longer than ${MAX_SHORT_FRAME_LENGTH} bytes yet`)
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch {
    return { failure: { code: 'NOT_JSON', message: 'The frame is not JSON' }, id: undefined }
  }
  const { type, id, data } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const ownId = typeof id === 'number' || (typeof id === 'string' && id.length <= 64) ? id : undefined
  const kind = TYPES.find((each) => each === type)
  if (!kind) return refuse('type', `must be one of ${TYPES.join(', ')}`, ownId)
  if (isLong && kind !== 'subscribe' && kind !== 'unsubscribe') {
    return refuse('frame', `must not be longer than ${MAX_SHORT_FRAME_LENGTH} bytes`, ownId)
  }
  const tooMuch = excessOf(value as object, data)
  if (tooMuch) return refuse(...tooMuch, ownId)

  const dataType = (data as { type?: unknown } | null | undefined)?.type
  const check = CHECKS[kind] ?? CHECKS[`${kind} ${String(dataType).slice(0, 20)}`]
  if (!check) return refuse('data.type', `must be one of ${dataTypesOf(kind).join(', ')}`, ownId)
  if (check.Check(value)) return { frame: value as ClientFrame }
  const { instancePath, keyword, message } = check.Errors(value)[0]!
  const isUnknown = keyword === 'boolean' // the schema of what has no schema is false
  const field = instancePath.slice(1).replaceAll('/', '.') || 'frame'
  return refuse(field, isUnknown ? 'is not known here' : message, ownId)
}

const dataTypesOf = (kind: string): string[] =>
  Object.keys(CHECKS).flatMap((name) => (name.startsWith(`${kind} `) ? name.slice(kind.length + 1) : []))

/** What is too much to be checked one by one. */
function excessOf(frame: object, data: unknown): [field: string, message: string] | undefined {
  const tooMany = `must not have more than ${MAX_KEYS} keys`
  if (hasMoreKeys(frame)) return ['frame', tooMany]
  if (typeof data !== 'object' || data === null) return undefined
  if (Array.isArray(data)) return ['data', 'must be object']
  if (hasMoreKeys(data)) return ['data', tooMany]
  for (const [field, names] of Object.entries(data)) {
    const isTooLong = Array.isArray(names) && names.length > MAX_NAMES_PER_FRAME
    if (isTooLong) return [`data.${field.slice(0, 20)}`, `must not have more than ${MAX_NAMES_PER_FRAME} items`]
  }
  return undefined
}

function hasMoreKeys(value: object): boolean {
  let keys = 0
  for (const key in value) if (Object.hasOwn(value, key) && ++keys > MAX_KEYS) return true
  return false
}

function refuse(field: string, message: string, id?: string | number): ReadFrame {
  return { failure: { code: 'INVALID_FRAME', message: `${field} ${message}`, details: { field, message } }, id }
}

function branches(kind: string, schema: typeof Subscribe | typeof Unsubscribe) {
  const { data } = schema.properties
  return data.anyOf.map((branch: TSchema) => {
    const { type } = (branch as unknown as { properties: { type: { const: string } } }).properties
    return [
      `${kind} ${type.const}`,
      Compile({ ...schema, properties: { ...schema.properties, data: branch } } as TSchema)
    ]
  })
}

export type SubscribeData = Static<typeof Subscribe>['data']
export type UnsubscribeData = Static<typeof Unsubscribe>['data']
