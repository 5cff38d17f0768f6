const HEARTBEAT_MS = 5000
/** A step is worth a word while it lasts longer than this. */
const LONG_MS = 3000

/** Tells the person at the terminal what is being started, what is done, and how long it took. */
export class Progress {
  readonly #write: (line: string) => void
  readonly #pending = new Map<string, number>()
  readonly #heartbeat: NodeJS.Timeout

  constructor(write: (line: string) => void) {
    this.#write = write
    this.#heartbeat = setInterval(() => this.#showPending(), HEARTBEAT_MS).unref()
  }

  /** Runs one step and says when it is done. A step that fails says nothing here: its error does. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const startedAt = Date.now()
    this.#pending.set(name, startedAt)
    try {
      const result = await work()
      this.#write(`  ${name.padEnd(28)} ${seconds(startedAt)}`)
      return result
    } finally {
      this.#pending.delete(name)
    }
  }

  note(text: string): void {
    this.#write(`  ${text}`)
  }

  end(): void {
    clearInterval(this.#heartbeat)
  }

  #showPending(): void {
    for (const [name, startedAt] of this.#pending) {
      if (Date.now() - startedAt > LONG_MS) this.#write(`  still at it: ${name}, ${seconds(startedAt)}`)
    }
  }
}

/** The time since an instant, in seconds: `0.7 s`. */
export function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`
}
