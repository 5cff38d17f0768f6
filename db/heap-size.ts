const POINTER_BYTES = 8
const NUMBER_BYTES = 16
const STRING_HEADER_BYTES = 24
const OBJECT_HEADER_BYTES = 40

/**
 * What a value made of objects, arrays, texts and numbers needs of V8's heap: about, and rather too much than too little.
 * What several values share is counted for each of them.
 */
export function heapBytes(value: unknown): number {
  if (typeof value === 'string') return STRING_HEADER_BYTES + value.length
  if (typeof value === 'number') return NUMBER_BYTES
  if (typeof value !== 'object' || value === null) return 0
  let bytes = OBJECT_HEADER_BYTES
  if (Array.isArray(value)) {
    for (const item of value) bytes += POINTER_BYTES + heapBytes(item)
    return bytes
  }
  for (const key in value) bytes += 2 * POINTER_BYTES + heapBytes((value as Record<string, unknown>)[key])
  return bytes
}
