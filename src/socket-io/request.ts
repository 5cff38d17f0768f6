import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { MAX_NAMES_PER_FRAME } from '../hub/protocol.ts'

const Name = Type.String({ minLength: 1, maxLength: 64 })
const Names = Type.Array(Name, { minItems: 1, maxItems: MAX_NAMES_PER_FRAME })

/** What comes with `subscribe` and `unsubscribe`: the forms that clients in use send. */
export const Wanted = Type.Union([Name, Names, Type.Object({ symbols: Type.Union([Name, Names]) })])
export type Wanted = Static<typeof Wanted>
const wantedCheck = Compile(Wanted)

/** The names that a client sent, each once; undefined for what has another form. */
export function namesIn(payload: unknown): string[] | undefined {
  if (!wantedCheck.Check(payload)) return undefined
  const names = typeof payload === 'object' && 'symbols' in payload ? payload.symbols : payload
  return [...new Set([names].flat())]
}
