/** What `BarBuilder.save` gave, as bytes; these share its memory. */
export const bytesOf = (doubles: Float64Array): Uint8Array =>
  new Uint8Array(doubles.buffer, doubles.byteOffset, doubles.byteLength)

/** And back. A database's bytes may lie anywhere; doubles begin at multiples of eight. */
export const doublesOf = (bytes: Uint8Array): Float64Array => new Float64Array(Uint8Array.from(bytes).buffer)
