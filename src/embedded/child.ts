/** What a child process tells `npm start` over the IPC channel once it serves; `url` where it listens somewhere. */
export type ReadyMessage = { type: 'ready'; url?: string }

/** Tells the parent that this process serves now. Does nothing in a process that was started on its own. */
export function reportReady(url?: string): void {
  const message: ReadyMessage = url === undefined ? { type: 'ready' } : { type: 'ready', url }
  process.send?.(message)
}

/**
 * Calls `stop` once when the parent's end of the IPC channel closes, so that a child never outlives a killed parent.
 * Has no effect in a process that was started on its own.
 */
export function onParentGone(stop: () => void): void {
  process.once('disconnect', stop)
  process.channel?.unref() // listening alone does not keep a process alive that has nothing else to do
}

export function isReadyMessage(message: unknown): message is ReadyMessage {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready'
}
