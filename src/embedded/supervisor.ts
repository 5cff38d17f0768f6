const MAX_RESTARTS = 3
const COUNTED_WITHIN_MS = 60_000

/** Something that runs: a server, a process, a lock. */
export type Part = {
  /** Resolves when it has ended, with how; absent where it cannot end by itself. */
  exited?: Promise<string>
  stop(): Promise<void>
  kill?(): void
}

/** What is said about parts that end by themselves. */
export type Observer = {
  /** It is started again. */
  onRestart(what: string): void
  /** It is not: it cannot be, or it ended too often. */
  onLoss(what: string): void
}

type Post = { readonly name: string; part: Part; readonly again?: () => Promise<Part>; endings: number[] }

/**
 * Holds what was started, in order, and stops it in reverse. Starts a part again that ended by itself, up to three
 * times within a minute.
 */
export class Supervisor {
  readonly #posts: Post[] = []
  readonly #observer: Observer
  readonly #ending: AbortSignal
  /** Of parts that are being started again. */
  readonly #comingBack = new Set<Promise<void>>()
  #stopping: Promise<void> | undefined

  /** Once `ending` is aborted, nothing is started again: a machine that goes down ends all processes at once. */
  constructor(observer: Observer, ending: AbortSignal) {
    this.#observer = observer
    this.#ending = ending
  }

  /** `again` starts the part anew, at the same address; it should give up when the start of everything is given up. */
  add(name: string, part: Part, again?: () => Promise<Part>): void {
    const post: Post = { name, part, endings: [], ...(again && { again }) }
    this.#posts.push(post)
    void this.#watch(post)
  }

  /** Each part is gone before the one that it was built on is asked to go. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  /** Ends everything at once. */
  kill(): void {
    for (const { part } of this.#posts.toReversed()) part.kill?.()
  }

  get #isEnding(): boolean {
    return this.#stopping !== undefined || this.#ending.aborted
  }

  async #stopAll(): Promise<void> {
    await Promise.all(this.#comingBack)
    for (const { part } of this.#posts.toReversed()) await part.stop()
  }

  async #watch(post: Post): Promise<void> {
    const how = await post.part.exited
    if (how === undefined || this.#isEnding) return
    const back = this.#bringBack(post, how)
    this.#comingBack.add(back)
    await back
    this.#comingBack.delete(back)
  }

  async #bringBack(post: Post, how: string): Promise<void> {
    let ending = how
    while (!this.#isEnding) {
      const now = Date.now()
      post.endings = [...post.endings.filter((at) => now - at < COUNTED_WITHIN_MS), now]
      if (!post.again) return this.#observer.onLoss(`${post.name} ${ending}`)
      if (post.endings.length > MAX_RESTARTS) {
        return this.#observer.onLoss(
          `${post.name} ${ending}; ${post.endings.length} times within a minute is too often`
        )
      }
      this.#observer.onRestart(`${post.name} ${ending}`)
      try {
        post.part = await post.again()
        return void this.#watch(post)
      } catch (error) {
        ending = `could not be started again: ${(error as Error).message.split('\n')[0]}`
      }
    }
  }
}
