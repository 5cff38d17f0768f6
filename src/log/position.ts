declare const INSIDE: unique symbol

/**
 * A place in one shard of the log: behind a record, or before an entry. Only the log takes it apart: two numbers that put
 * entries in order (an offset with its instant would do as well as a stream's id), and a record's index.
 */
export type Position = { readonly shard: number; readonly [INSIDE]: true }

/** A position in one life of the log. */
export type Place = { readonly epoch: string; readonly at: Position }
