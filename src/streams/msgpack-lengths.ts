/** How many digits of a length stand behind the first byte of texts, bytes and extensions, and of lists and maps. */
const LENGTHS = [1, 2, 4] as const

/**
 * Throws a RangeError where a MessagePack frame says that its lists and maps hold more values than it has bytes left: a
 * reader makes room for a whole list when it begins, so that five bytes could take hundreds of megabytes.
 */
export function assertListsFit(frame: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  let at = 0
  const length = (digits: 1 | 2 | 4): number => {
    const value = digits === 1 ? view.getUint8(at) : digits === 2 ? view.getUint16(at) : view.getUint32(at)
    at += digits
    return value
  }
  for (let missing = 1; missing > 0; missing--) {
    if (missing > frame.length - at) throw new RangeError('a list is longer than the rest of its frame')
    const first = view.getUint8(at++)
    if (first < 0x80 || first >= 0xe0) continue
    if (first < 0x90) missing += 2 * (first & 0x0f)
    else if (first < 0xa0) missing += first & 0x0f
    else if (first < 0xc0) at += first & 0x1f
    else if (first >= 0xde) missing += 2 * length(LENGTHS[first - 0xdd]!)
    else if (first >= 0xdc) missing += length(LENGTHS[first - 0xdb]!)
    else if (first >= 0xd9) at += length(LENGTHS[first - 0xd9]!)
    else if (first >= 0xca) at += BYTES[first - 0xca]!
    else if (first >= 0xc7) at += length(LENGTHS[first - 0xc7]!) + 1
    else if (first >= 0xc4) at += length(LENGTHS[first - 0xc4]!)
  }
}

/** Of numbers (0xca to 0xd3), and of extensions of a fixed length with their type (0xd4 to 0xd8). */
const BYTES = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17]
