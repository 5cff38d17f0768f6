/** What a connection gets in one turn is rarely more, and then comes in pieces. */
export const MAX_PIECE_BYTES = 32 * 1024
/** Behind the largest piece there is room for what stands around its events: a message's head, an array's brackets. */
export const ROOM_BYTES = MAX_PIECE_BYTES + 1024
/** Clients whose piece the kernel took in part at the same time; the pieces of more have memory of their own. */
export const ROOMS = 32

/** Whoever has a piece until it is written whole. */
export type PieceHolder = { readonly isWriting: boolean }

/**
 * Rooms for pieces that are written at once, by number. The kernel takes nearly all of them whole, so that the next one can
 * have the same room: it is in the processor's cache, and nothing has to be allocated. Where it does not, the client keeps
 * the room until it has read.
 */
export class PieceRooms {
  #current: number | undefined = 0
  readonly #free = Array.from({ length: ROOMS - 1 }, (_, at) => at + 1)
  #left: { readonly room: number; readonly holder: PieceHolder }[] = []

  /** The room for a piece; the same one as before, unless that was left to somebody. Undefined while all are. */
  take(): number | undefined {
    if (this.#current === undefined) this.#reclaim()
    return this.#current
  }

  /** Leaves the room that was taken last to somebody who still needs it. */
  leave(holder: PieceHolder): void {
    if (this.#current === undefined) return
    this.#left.push({ room: this.#current, holder })
    this.#current = this.#free.pop()
  }

  #reclaim(): void {
    for (const { room, holder } of this.#left) if (!holder.isWriting) this.#free.push(room)
    this.#left = this.#left.filter(({ holder }) => holder.isWriting)
    this.#current = this.#free.pop()
  }
}
