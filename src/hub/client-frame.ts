import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Authenticate, Ping, Subscribe, Unsubscribe, type ClientFrame, type Failure } from './protocol.ts'

type FrameCheck = {
  Check(value: unknown): boolean
  Errors(value: unknown): { instancePath: string; keyword: string; message: string }[]
}

const TYPES = ['subscribe', 'unsubscribe', 'auth', 'ping'] as const

/** One check per kind of frame and of data, so that what is wrong can be named. */
const CHECKS: Readonly<Record<string, FrameCheck>> = Object.fromEntries([
  ['auth', Compile(Authenticate)],
  ['ping', Compile(Ping)],
  ...branches('subscribe', Subscribe),
  ...branches('unsubscribe', Unsubscribe)
])

/** A client's frame, or why it is none. `id` is the frame's own, where it has a usable one. */
export type ReadFrame = { frame: ClientFrame } | { failure: Failure; id: string | number | undefined }

/** Reads what a client sent. Never throws. */
export function readClientFrame(text: string): ReadFrame {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { failure: { code: 'NOT_JSON', message: 'The frame is not JSON' }, id: undefined }
  }
  const { type, id, data } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const ownId = typeof id === 'number' || (typeof id === 'string' && id.length <= 64) ? id : undefined
  const kind = TYPES.find((each) => each === type)
  if (!kind) return refuse('type', `must be one of ${TYPES.join(', ')}`, ownId)

  const dataType = (data as { type?: unknown } | null | undefined)?.type
  const check = CHECKS[kind] ?? CHECKS[`${kind} ${String(dataType).slice(0, 20)}`]
  if (!check) return refuse('data.type', 'must be market_data or stock_quotes', ownId)
  if (check.Check(value)) return { frame: value as ClientFrame }
  const { instancePath, keyword, message } = check.Errors(value)[0]!
  const isUnknown = keyword === 'boolean' // the schema of what has no schema is false
  const field = instancePath.slice(1).replaceAll('/', '.') || 'frame'
  return refuse(field, isUnknown ? 'is not known here' : message, ownId)
}

function refuse(field: string, message: string, id: string | number | undefined): ReadFrame {
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
