import type { ApiError } from '../errors.ts'
import { chunksOf } from '../market/chunks.ts'
import type { Priority } from '../market/market-data.ts'
import type { Capability, Provider, ProviderError, ProviderName } from '../providers/provider.ts'
import type { Circuits } from './circuits.ts'
import { notAsked, notCovered, withoutValue, type Failure, type ProviderCalls } from './provider-calls.ts'
import { FallbackRun, type Arbitration, type Sourced } from './fallback-run.ts'
import { withOwnDoubt, type Judgement } from './quality.ts'

const MAX_PARALLEL_CHUNKS = 4

/** Values by subject; subjects that the provider told something of, which cannot be read. */
type Answer<T> = ReadonlyMap<string, T> & { readonly unreadable?: ReadonlyMap<string, ProviderError> }

/** What is wanted, of whichever provider can give it. */
export type Question<T extends Sourced> = Arbitration<T> & {
  readonly capability: Capability
  /** Symbols, or a name for what has no symbol. */
  readonly subjects: readonly string[]
  readonly priority: Priority
  readonly user?: string | undefined
  /** How many subjects one request to the provider carries. */
  readonly chunkSize: (provider: Provider) => number
  /** Whether the subjects are symbols: then they count in budgets of unique symbols, and may turn out to be unknown. */
  readonly isOfSymbols: boolean
  /** Whether that two providers find nothing is enough not to ask those that sell few calls. */
  readonly isSparing: boolean
  /** Upstream requests that the question takes, where a provider does not say so of the capability as a whole. */
  readonly requestsOf?: ((provider: Provider) => number | undefined) | undefined
  readonly ask: (provider: Provider, subjects: readonly string[], signal: AbortSignal) => Promise<Answer<T>>
  readonly judge: (value: T, subject: string) => Judgement<T> | Promise<Judgement<T>>
}

export type FallbackOptions = {
  /** The enabled providers that can, in the order they are asked. */
  capable: (capability: Capability) => readonly Provider[]
  calls: ProviderCalls
  circuits: Circuits
  /** Providers that sell few calls: not to be spent on symbols that two others do not know. */
  isSparing: (provider: ProviderName) => boolean
  requestDeadlineMs: number
  upstreamTimeoutMs: number
  now: () => number
}

/** All of fallback: what one provider lacks, refuses or fails goes to the next in one batch, within one deadline. */
export type Fallback = <T extends Sourced>(question: Question<T>) => Promise<Map<string, T | ApiError>>

export function createFallback(options: FallbackOptions): Fallback {
  const { calls, circuits, now } = options

  /**
   * A provider gets half of the time that is left while somebody stands behind it, all of it when it is the last: the
   * first one may be slow, and a mute one still leaves time for the next to answer.
   */
  function deadlineFor(behind: readonly Provider[], requestDeadline: number): number {
    const startedAt = performance.now()
    const left = requestDeadline - startedAt
    return startedAt + Math.min(options.upstreamTimeoutMs, behind.length > 0 ? left / 2 : left)
  }

  /**
   * What nobody gave is asked of those that were passed over because they rest, so that the first one that is back is
   * noticed within seconds and not after its rest. One chunk probes; the others follow where it was answered.
   */
  async function lastResort<T extends Sourced>(
    question: Question<T>,
    capable: readonly Provider[],
    runs: readonly FallbackRun<T>[],
    requestDeadline: number
  ): Promise<void> {
    for (const [place, provider] of capable.entries()) {
      const waiting = runs.filter((run) => !run.hasValue && run.wasAtRest(provider.name))
      const [probe, ...others] = chunksOf(waiting, question.chunkSize(provider))
      if (!probe) continue
      const turn = { deadline: deadlineFor(capable.slice(place + 1), requestDeadline), isLastResort: true }
      await askChunk(question, provider, probe, turn)
      if (probe.some(({ hasValue }) => hasValue)) {
        for (const run of others.flat()) run.withdraw(provider.name)
        const next = { ...turn, isLastResort: false }
        await forEachParallel(others, MAX_PARALLEL_CHUNKS, (chunk) => askChunk(question, provider, chunk, next))
      }
    }
  }

  function isSpared(provider: ProviderName, deniedBy: readonly ProviderName[]): boolean {
    return options.isSparing(provider) && deniedBy.filter((name) => !options.isSparing(name)).length >= 2
  }

  async function askChunk<T extends Sourced>(
    question: Question<T>,
    provider: Provider,
    chunk: readonly FallbackRun<T>[],
    { deadline, isLastResort }: { deadline: number; isLastResort: boolean }
  ): Promise<void> {
    const { capability, priority, user, isOfSymbols } = question
    const subjects = chunk.map(({ subject }) => subject)
    const reply = await calls.call(provider, {
      capability,
      priority,
      user,
      deadline,
      isLastResort,
      requests: question.requestsOf?.(provider),
      symbols: isOfSymbols ? subjects : [],
      ask: (signal) => question.ask(provider, subjects, signal)
    })
    if (isLastResort) {
      const wasAsked = !('failure' in reply) || reply.failure.attempt.durationMs !== undefined
      for (const run of chunk) {
        if (wasAsked) run.withdraw(provider.name)
        else run.opensSooner(provider.name, reply.failure.opensAt)
      }
      if (!wasAsked) return
    }
    await Promise.all(
      chunk.map(async (run) => {
        if ('failure' in reply) run.failed(failureOf(provider.name, reply.failure), now())
        else await judgeReply(question, run, provider.name, reply)
      })
    )
  }

  /** Few calls, and a share of them, are spent so soon that they must not keep what the others said from counting. */
  function failureOf(provider: ProviderName, failure: Failure): Failure {
    return options.isSparing(provider) ? { ...failure, isOfShare: false, isOfFewCalls: true } : failure
  }

  async function judgeReply<T extends Sourced>(
    question: Question<T>,
    run: FallbackRun<T>,
    provider: ProviderName,
    { value: answer, durationMs }: { value: Answer<T>; durationMs: number }
  ): Promise<void> {
    const value = answer.get(run.subject)
    if (value) {
      const judgement = withOwnDoubt(await question.judge(value, run.subject))
      run.offered({ ...judgement, provider, durationMs }, now())
    } else {
      const error = answer.unreadable?.get(run.subject)
      const attempt = { ...withoutValue(provider, run.subject, error), durationMs }
      run.failed({ attempt, hasNothing: error === undefined }, now())
    }
  }

  return async (question) => {
    const requestDeadline = performance.now() + options.requestDeadlineMs
    const runs = [...new Set(question.subjects)].map((subject) => new FallbackRun(subject, question))
    const capable = options.capable(question.capability)
    const isCovered = (subject: string, provider: Provider) =>
      !question.isOfSymbols || provider.covers(subject, question.capability)

    for (const [place, provider] of capable.entries()) {
      const unsettled = runs.filter(({ isSettled }) => !isSettled)
      if (unsettled.length === 0) break
      const covered: typeof unsettled = []
      for (const run of unsettled) {
        if (!isCovered(run.subject, provider)) {
          run.failed({ attempt: notCovered(provider, run.subject) }, now())
        } else if (question.isSparing && isSpared(provider.name, run.deniedBy)) {
          run.failed({ attempt: notAsked(provider, run.subject) }, now())
        } else covered.push(run)
      }
      const behind = capable
        .slice(place + 1)
        .filter(({ name }) => circuits.restsUntil(name, question.capability) === undefined)
        .filter((next) => unsettled.some(({ subject }) => isCovered(subject, next)))
      const turn = { deadline: deadlineFor(behind, requestDeadline), isLastResort: false }
      const chunks = chunksOf(covered, question.chunkSize(provider))
      await forEachParallel(chunks, MAX_PARALLEL_CHUNKS, (chunk) => askChunk(question, provider, chunk, turn))
    }
    await lastResort(question, capable, runs, requestDeadline)

    const { isOfSymbols } = question
    return new Map(runs.map((run) => [run.subject, run.value() ?? run.error(now(), isOfSymbols)]))
  }
}

async function forEachParallel<T>(
  items: readonly T[],
  maxParallel: number,
  work: (item: T) => Promise<void>
): Promise<void> {
  const waiting = items.values()
  const workers = Array.from({ length: Math.min(maxParallel, items.length) }, async () => {
    for (const item of waiting) await work(item)
  })
  await Promise.all(workers)
}
