import type { ChildProcess } from 'node:child_process'

type Question = { type: 'question'; id: number; name: string; details: unknown }
type Answer = { type: 'answer'; id: number; value?: unknown; failure?: string }

let asked = 0

/** Asks a child process that answers by `answerQuestions`. Rejects when it fails or ends. */
export async function ask<Value = void>(child: ChildProcess, name: string, details: object = {}): Promise<Value> {
  const id = ++asked
  const { promise, resolve, reject } = Promise.withResolvers<Value>()
  const onExit = () => reject(new Error(`the process ended before it answered ${name}`))
  const onMessage = (message: Answer) => {
    if (message.type !== 'answer' || message.id !== id) return
    if (message.failure === undefined) resolve(message.value as Value)
    else reject(new Error(`${name}: ${message.failure}`))
  }
  child.on('message', onMessage)
  child.once('exit', onExit)
  child.send({ type: 'question', id, name, details } satisfies Question)
  try {
    return await promise
  } finally {
    child.off('message', onMessage)
    child.off('exit', onExit)
  }
}

/** Lets the parent process ask. What a handler resolves to must be JSON. Ends this process with its parent. */
export function answerQuestions(handlers: Record<string, (details: never) => unknown>): void {
  const respond = async ({ id, name, details }: Question) => {
    const answer: Answer = { type: 'answer', id }
    try {
      answer.value = await handlers[name]!(details as never)
    } catch (error) {
      answer.failure = String(error)
    }
    process.send!(answer)
  }
  process.on('message', (message: Question) => {
    if (message.type === 'question') void respond(message)
  })
  process.once('disconnect', () => process.exit())
}
