import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { subscriberBeside } from './connections.ts'

const ANSWER_WITHIN_MS = 2000
const RETRY_MS = 1000
/** Questions of one process that wait for answers; one more is refused. */
const MAX_WAITING = 100

export type InquiriesOptions = {
  readonly redis: Redis
  /** What is asked about; processes that ask and those that answer agree on it. */
  readonly subject: string
  /** What this process says to a question; undefined where it does not understand it. */
  readonly answer: (question: unknown) => unknown
  readonly log: Pick<Logger, 'warn'>
}

/** `isComplete`: every process that listens has answered. */
export type Answers = { readonly answers: readonly unknown[]; readonly isComplete: boolean }

const Asked = Type.Object({ id: Type.String(), answerTo: Type.String(), question: Type.Unknown() })
const Answered = Type.Object({ id: Type.String(), answer: Type.Optional(Type.Unknown()) })

type Waiting = { readonly answers: unknown[]; expected: number; done: () => void }

/**
 * Asks all processes something and gathers what they say. Redis tells how many heard the question, so that nobody waits for
 * one that is gone.
 */
export class Inquiries {
  readonly #options: InquiriesOptions
  readonly #subscriber: Redis
  readonly #questions: string
  readonly #answers: string
  readonly #waiting = new Map<string, Waiting>()
  #retry: NodeJS.Timeout | undefined
  #isListening = false
  #count = 0

  constructor(options: InquiriesOptions) {
    const { redis, subject } = options
    this.#options = options
    // Redis delivers messages across its logical databases; who uses another one is none of ours.
    this.#questions = `quotewire:ask:${redis.options.db ?? 0}:${subject}`
    this.#answers = `quotewire:answers:${subject}:${randomBytes(8).toString('hex')}`
    this.#subscriber = subscriberBeside(redis)
    this.#subscriber.on('message', (channel, message) => this.#hear(channel, message))
    this.#subscriber.on('close', () => (this.#isListening = false))
    this.#subscriber.on('ready', () => void this.#listen())
  }

  /** Resolves when questions are heard. A Redis that is away does not stop the start: they are heard when it is back. */
  async start(): Promise<void> {
    await this.#subscriber.connect().catch(() => undefined)
    if (this.#subscriber.status === 'ready') await this.#listen()
  }

  /** What this process and all others say. Where Redis is away it is this process alone, and the answer is not complete. */
  async ask(question: object): Promise<Answers> {
    if (!this.#isListening || this.#waiting.size >= MAX_WAITING) return this.#alone(question)
    const id = `${++this.#count}`
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting: Waiting = { answers: [], expected: Infinity, done: resolve }
    this.#waiting.set(id, waiting)
    const deadline = setTimeout(resolve, ANSWER_WITHIN_MS)
    try {
      const asked = JSON.stringify({ id, answerTo: this.#answers, question })
      waiting.expected = await this.#options.redis.publish(this.#questions, asked)
      if (waiting.answers.length < waiting.expected) await promise
      const answers = waiting.answers.filter((answer) => answer !== undefined)
      return { answers, isComplete: answers.length >= waiting.expected }
    } catch {
      return this.#alone(question)
    } finally {
      clearTimeout(deadline)
      this.#waiting.delete(id)
    }
  }

  close(): void {
    clearTimeout(this.#retry)
    this.#subscriber.disconnect()
    for (const { done } of this.#waiting.values()) done()
  }

  #alone(question: object): Answers {
    const answer = this.#options.answer(question)
    return { answers: answer === undefined ? [] : [answer], isComplete: false }
  }

  async #listen(): Promise<void> {
    clearTimeout(this.#retry)
    try {
      await this.#subscriber.subscribe(this.#questions, this.#answers)
      this.#isListening = true
    } catch {
      if (this.#subscriber.status === 'ready') this.#retry = setTimeout(() => void this.#listen(), RETRY_MS)
    }
  }

  #hear(channel: string, message: string): void {
    if (channel === this.#answers) return this.#note(parsed(answered, message))
    const asked = parsed(questions, message)
    if (!asked) return
    const told = JSON.stringify({ id: asked.id, answer: this.#options.answer(asked.question) })
    this.#options.redis.publish(asked.answerTo, told).catch((err: unknown) => {
      this.#options.log.warn({ err }, 'another process could not be answered')
    })
  }

  #note(told: Static<typeof Answered> | undefined): void {
    const waiting = told && this.#waiting.get(told.id)
    if (!waiting) return
    waiting.answers.push(told.answer)
    if (waiting.answers.length >= waiting.expected) waiting.done()
  }
}

const questions = Compile(Asked)
const answered = Compile(Answered)

/** Undefined for what somebody else wrote into a channel. */
function parsed<Told>(check: { Check(value: unknown): value is Told }, message: string): Told | undefined {
  try {
    const value: unknown = JSON.parse(message)
    return check.Check(value) ? value : undefined
  } catch {
    return undefined
  }
}
