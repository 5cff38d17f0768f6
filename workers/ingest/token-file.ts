import { readFileSync, unwatchFile, watchFile } from 'node:fs'

/** Tokens live for minutes. The file may lie in a folder that is replaced as a whole, which a watcher of files does not see. */
const LOOK_EVERY_MS = 5000

/** A token that somebody else renews in a file. */
export class TokenFile {
  readonly #path: string
  #token = ''

  constructor(path: string) {
    this.#path = path
  }

  /** What stands there now; while the file cannot be read, what stood there last. */
  read(): string {
    try {
      this.#token = readFileSync(this.#path, 'utf8').trim()
    } catch {
      // It is being replaced, or is gone: the vendor will say so.
    }
    return this.#token
  }

  /** Calls back whenever another token stands there, until the function that comes back is called. */
  watch(changed: () => void): () => void {
    let last = this.#token
    const look = () => {
      const before = last
      last = this.read()
      if (last !== before) changed()
    }
    watchFile(this.#path, { interval: LOOK_EVERY_MS }, look)
    return () => unwatchFile(this.#path, look)
  }
}
