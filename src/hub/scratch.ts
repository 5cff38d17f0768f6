/** What a connection gets in one turn is rarely more, and then comes in pieces. A larger frame has its own memory. */
export const MAX_PIECE_BYTES = 32 * 1024

/**
 * Memory for pieces that are written at once. The kernel takes nearly all of them whole, so that the next one can have the
 * same room: it is in the processor's cache, and nothing has to be allocated.
 */
export class Scratch {
  #room = Buffer.allocUnsafeSlow(MAX_PIECE_BYTES)

  /** So many bytes, aligned for words. Passing ones are overwritten by the next; others are the taker's for good. */
  take(bytes: number, isPassing: boolean): Buffer {
    return isPassing && bytes <= MAX_PIECE_BYTES ? this.#room.subarray(0, bytes) : Buffer.allocUnsafeSlow(bytes)
  }

  /** Leaves a passing piece to somebody who still needs it. */
  leave(piece: Buffer): void {
    if (piece.buffer === this.#room.buffer) this.#room = Buffer.allocUnsafeSlow(MAX_PIECE_BYTES)
  }
}
