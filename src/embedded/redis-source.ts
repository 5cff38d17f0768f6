export type FindOptions = {
  /** Told in words, before each step that takes time. */
  onProgress?: (step: string) => void
  signal?: AbortSignal
  /** Where the pinned builds are downloaded from, in place of their publisher. */
  downloadBaseUrl?: string | undefined
  /** A module or folder from which npm's packages are looked up. */
  packagesOf?: string
}

/** Where a server can be fetched from. Brings its files into the empty folder `root`; `workspace` is for what it needs on the way. */
export type RedisSource = {
  readonly name: string
  fetch(to: { root: string; workspace: string }, options: FindOptions): Promise<void>
}
