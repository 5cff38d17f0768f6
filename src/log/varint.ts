export type VarintReader = { readonly bytes: Buffer; at: number }

/** Seven bits a byte, the lowest first. Returns where it ends. */
export function writeVarint(target: Buffer, start: number, number: number): number {
  let at = start
  let rest = number
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) target[at++] = (rest % 0x80) | 0x80
  target[at++] = rest
  return at
}

/** Of bytes that end too early the missing ones count as 0, and the reader stands behind the end. */
export function readVarint(reader: VarintReader): number {
  let number = 0
  for (let unit = 1; ; unit *= 0x80) {
    const byte = reader.bytes[reader.at++] ?? 0
    number += (byte & 0x7f) * unit
    if (byte < 0x80) return number
  }
}
