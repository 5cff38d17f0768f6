/** Something that runs: a server, a process, a lock. */
export type Part = {
  name: string
  /** Resolves when it has ended, with how; absent where it cannot end by itself. */
  exited?: Promise<string>
  stop(): Promise<void>
  kill?(): void
}

/** Holds what was started, in order. Stops it in reverse, and notices when a part ends by itself. */
export class Supervisor {
  readonly #parts: Part[] = []
  readonly #onUnexpectedEnd: (what: string) => void
  #stopping: Promise<void> | undefined

  constructor(onUnexpectedEnd: (what: string) => void) {
    this.#onUnexpectedEnd = onUnexpectedEnd
  }

  add(part: Part): void {
    this.#parts.push(part)
    if (part.exited) void this.#watch(part.name, part.exited)
  }

  /** Each part is gone before the one that it was built on is asked to go. */
  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      for (const part of this.#parts.toReversed()) await part.stop()
    })()
    return this.#stopping
  }

  /** Ends everything at once. */
  kill(): void {
    for (const part of this.#parts.toReversed()) part.kill?.()
  }

  async #watch(name: string, exited: Promise<string>): Promise<void> {
    const how = await exited
    if (!this.#stopping) this.#onUnexpectedEnd(`${name} ${how}`)
  }
}
