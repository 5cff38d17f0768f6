import { randomUUID } from 'node:crypto'
import { CircuitState, CountBreaker } from 'cockatiel'
import type { Redis } from 'ioredis'
import type { AttemptOutcome } from '../market/provenance.ts'
import type { BreakerState } from '../market/provider-status.ts'
import { HOUR_MS } from '../market/time.ts'
import type { Capability, ProviderName } from '../providers/provider.ts'
import { defineLockCommands } from '../redis/locks.ts'
import { isReachable, withinPatience } from './shared-redis.ts'

/** A circuit opens when more than half of the last calls failed, and no sooner than after the third. */
const SAMPLE = { size: 10, threshold: 0.5, minimumNumberOfCalls: 3 }
/** How long it stays open: longer each time that the probe fails. */
const REST_MS = [5_000, 10_000, 30_000, 60_000, 300_000]
/** A wrong key does not become right by itself. */
const UNAUTHORIZED_REST_MS = 600_000
const POLL_MS = 1000
/** A probe whose process died is given to another one after this long. */
const PROBE_LEASE_MS = 10_000
const SHARED_TTL_MS = HOUR_MS
const SHARED_KEY = 'quotewire:circuits'

type Outcome = 'answered' | AttemptOutcome
type Rest = { readonly until: number; readonly rests: number }
type Circuit = { readonly key: string; readonly breaker: CountBreaker; rest: Rest | undefined; isProbing: boolean }

/** The right to one call; hand it back with what came of it. */
export type Pass = { readonly circuit: Circuit; readonly isProbe: boolean }

export type CircuitsOptions = { redis: Redis; now: () => number }

/**
 * One circuit breaker per provider and capability, open to all processes when it is open to one. After its rest exactly
 * one caller in the whole cluster probes the provider while the others go on to the next one.
 *
 * Cockatiel counts and decides when to open; its own policy is not used because it lives in one process and lets callers
 * wait for the probe. States are written to Redis when they change and polled, so a call costs no round trip; without
 * Redis each process keeps its own.
 */
export class Circuits {
  readonly #redis: Redis
  readonly #now: () => number
  readonly #circuits = new Map<string, Circuit>()
  readonly #token = randomUUID()
  #changes = 0
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor({ redis, now }: CircuitsOptions) {
    this.#redis = redis
    defineLockCommands(redis)
    this.#now = now
    this.#pollLater(0)
  }

  /** When the circuit lets a call through again, epoch milliseconds; undefined where it does now or is due for a probe. */
  restsUntil(provider: ProviderName, capability: Capability): number | undefined {
    const rest = this.#circuits.get(keyOf(provider, capability))?.rest
    return rest && rest.until > this.#now() ? rest.until : undefined
  }

  /**
   * A pass, or undefined while the circuit is open or somebody else probes. Every pass must be handed back. The `isEarly`
   * probe is given before the rest is over, for nobody else answers: how often is the budget's matter.
   */
  async admit(provider: ProviderName, capability: Capability, isEarly = false): Promise<Pass | undefined> {
    const circuit = this.#circuit(provider, capability)
    if (!circuit.rest) return { circuit, isProbe: false }
    if (circuit.isProbing || (!isEarly && circuit.rest.until > this.#now())) return undefined
    circuit.isProbing = true
    if (await this.#leaseProbe(circuit)) return { circuit, isProbe: true }
    circuit.isProbing = false
    return undefined
  }

  /** Hands a pass back with what the provider said. That it lacks or refuses this one thing shows that it lives. */
  record({ circuit, isProbe }: Pass, outcome: Outcome): void {
    const state = isProbe ? CircuitState.HalfOpen : CircuitState.Closed
    const failed = outcome === 'unavailable' || outcome === 'bad_payload' || outcome === 'unauthorized'
    if (!failed) {
      circuit.breaker.success(state)
      if (isProbe) this.#shut(circuit)
    } else if (circuit.breaker.failure(state) || outcome === 'unauthorized') {
      // A call let through before the circuit opened tells nothing new when it fails after.
      if (isProbe || !circuit.rest) this.#open(circuit, outcome)
    }
    if (isProbe) this.#endProbe(circuit)
  }

  /** Hands a pass back unused, or after the caller left: the provider is not to blame. */
  forget({ circuit, isProbe }: Pass): void {
    if (isProbe) this.#endProbe(circuit)
  }

  /** The circuits of a provider that were ever used, by capability. */
  states(provider: ProviderName): Record<string, BreakerState> {
    const prefix = `${provider}/`
    const states = [...this.#circuits.values()]
      .filter(({ key }) => key.startsWith(prefix))
      .map(({ key, rest }): [string, BreakerState] => {
        const open = rest && rest.until > this.#now() ? 'open' : 'half_open'
        return [key.slice(prefix.length), rest ? open : 'closed']
      })
    return Object.fromEntries(states)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #open(circuit: Circuit, outcome: Outcome): void {
    const rests = (circuit.rest?.rests ?? 0) + 1
    const restMs = outcome === 'unauthorized' ? UNAUTHORIZED_REST_MS : REST_MS[Math.min(rests, REST_MS.length) - 1]!
    circuit.rest = { until: this.#now() + restMs, rests }
    this.#share(
      this.#redis
        .multi()
        .hset(SHARED_KEY, circuit.key, JSON.stringify(circuit.rest))
        .pexpire(SHARED_KEY, SHARED_TTL_MS)
        .exec()
    )
  }

  #shut(circuit: Circuit): void {
    circuit.rest = undefined
    this.#share(this.#redis.hdel(SHARED_KEY, circuit.key))
  }

  /** A slow probe must not end the lease of the next one. */
  #endProbe(circuit: Circuit): void {
    circuit.isProbing = false
    this.#share(this.#redis.deleteIfHeld(leaseKey(circuit), this.#token))
  }

  /** Without Redis every process may probe: one request each. */
  async #leaseProbe(circuit: Circuit): Promise<boolean> {
    if (!isReachable(this.#redis)) return true
    try {
      return (
        (await withinPatience(this.#redis.set(leaseKey(circuit), this.#token, 'PX', PROBE_LEASE_MS, 'NX'))) === 'OK'
      )
    } catch {
      return true
    }
  }

  /** A peer that misses a change only learns of it by its own calls, so a write that fails is not worth a word. */
  #share(write: Promise<unknown>): void {
    this.#changes += 1
    write.catch(() => undefined)
  }

  #pollLater(delayMs: number): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => void this.#poll(), delayMs).unref()
  }

  async #poll(): Promise<void> {
    const changesBefore = this.#changes
    try {
      const shared = await this.#redis.hgetall(SHARED_KEY)
      // An answer that a change of our own overtook is out of date.
      if (changesBefore === this.#changes) this.#adopt(shared)
    } catch {
      // The connection reports its own failures; until it is back the last known states hold.
    }
    this.#pollLater(POLL_MS)
  }

  #adopt(shared: Record<string, string>): void {
    for (const [key, text] of Object.entries(shared)) this.#circuitOf(key).rest = JSON.parse(text) as Rest
    for (const circuit of this.#circuits.values()) {
      if (circuit.rest && !(circuit.key in shared) && !circuit.isProbing) {
        circuit.rest = undefined
        circuit.breaker.success(CircuitState.HalfOpen)
      }
    }
  }

  #circuit(provider: ProviderName, capability: Capability): Circuit {
    return this.#circuitOf(keyOf(provider, capability))
  }

  #circuitOf(key: string): Circuit {
    const existing = this.#circuits.get(key)
    if (existing) return existing
    const circuit = { key, breaker: new CountBreaker(SAMPLE), rest: undefined, isProbing: false }
    this.#circuits.set(key, circuit)
    return circuit
  }
}

const keyOf = (provider: ProviderName, capability: Capability) => `${provider}/${capability}`
const leaseKey = ({ key }: Circuit) => `${SHARED_KEY}:probe:${key}`
