import { Type } from 'typebox'
import { isRecord } from '../salvage.ts'

/** Members that Yahoo may leave out or null: nearly all of them. */
export const WireNumber = Type.Optional(Type.Union([Type.Number(), Type.Null()]))
export const WireText = Type.Optional(Type.Union([Type.String(), Type.Null()]))

/** A member of an object that may not be one. */
export function memberOf(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
