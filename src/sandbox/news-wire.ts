import { HOUR_MS } from '../market/time.ts'
import type { Exchange } from './exchange.ts'
import { between, integerBetween, mix, pick, uniform } from './noise.ts'
import { UNIVERSE } from './universe/universe.ts'
import type { Instrument } from './universe/instrument.ts'

const SLOT_MS = 4 * HOUR_MS
const STORY_PROBABILITY = 0.3
/** How far back a search for stories goes. */
const MAX_SLOTS = 6 * 90

/** A made-up story. Addresses end in `.example`, so that nobody mistakes them for a real paper. */
export type Story = {
  readonly id: string
  readonly number: number
  readonly title: string
  readonly summary: string
  readonly url: string
  readonly publisher: string
  readonly domain: string
  /** Epoch milliseconds, whole seconds. */
  readonly publishedAt: number
  /** Canonical; the story's own symbol first. */
  readonly symbols: readonly string[]
  /** -1 to 1, of the story for its own symbol. */
  readonly sentiment: number
}

const PUBLISHERS = [
  { publisher: 'Sandbox Wire', domain: 'wire.sandbox.example' },
  { publisher: 'The Simulated Ledger', domain: 'ledger.sandbox.example' },
  { publisher: 'Example Markets Daily', domain: 'daily.sandbox.example' }
]

const GOOD = [
  '{name} raises its outlook after strong demand',
  '{name} shares climb as analysts lift price targets',
  '{name} beats expectations for the quarter',
  '{name} announces a larger buyback',
  '{name} wins a multi-year contract'
]
const BAD = [
  '{name} trims its forecast, citing weaker orders',
  '{name} shares slip after a cautious note from analysts',
  '{name} misses expectations for the quarter',
  '{name} faces questions over rising costs',
  '{name} delays a product launch'
]
const NEUTRAL = [
  '{name} to present at an industry conference',
  '{name} names a new member of its board',
  'What to know about {name} before the next report',
  '{name} and {peer}: how the two compare',
  '{name} files its quarterly report'
]

/** Stories about an instrument, newest first. A day on which it fell has more bad ones. */
export function newsAbout(exchange: Exchange, instrument: Instrument, limit: number, at = exchange.now()): Story[] {
  const key = mix(exchange.keyOf(instrument), 77)
  const newest = Math.floor(at / SLOT_MS)
  const stories: Story[] = []
  for (let slot = newest; slot > newest - MAX_SLOTS && stories.length < limit; slot--) {
    if (uniform(key, slot) > STORY_PROBABILITY) continue
    const publishedAt = slot * SLOT_MS + integerBetween(0, SLOT_MS / 1000 - 1, key, -slot) * 1000
    if (publishedAt <= at) stories.push(storyOf(exchange, instrument, mix(key, slot), publishedAt))
  }
  return stories.sort((a, b) => b.publishedAt - a.publishedAt)
}

/** The newest stories of the whole market, newest first. */
export function latestNews(exchange: Exchange, limit: number, at = exchange.now()): Story[] {
  const leaders = exchange.instruments.filter(({ kind }) => kind === 'equity').slice(0, 60)
  return leaders
    .flatMap((instrument) => newsAbout(exchange, instrument, 3, at))
    .sort((a, b) => b.publishedAt - a.publishedAt)
    .slice(0, limit)
}

function storyOf(exchange: Exchange, instrument: Instrument, key: number, publishedAt: number): Story {
  const { changePercent } = exchange.quote(instrument, publishedAt)
  const mood = between(-1, 1, key, 1) + Math.max(-1, Math.min(1, changePercent / 2))
  const sentiment = Math.round(Math.max(-0.95, Math.min(0.95, mood / 2)) * 1e6) / 1e6
  const templates = sentiment > 0.2 ? GOOD : sentiment < -0.2 ? BAD : NEUTRAL
  const peer = peerOf(instrument, key)
  const title = pick(templates, key, 2).replace('{name}', instrument.name).replace('{peer}', peer.name)
  const { publisher, domain } = pick(PUBLISHERS, key, 3)
  const id = [key, mix(key, 4), mix(key, 5), mix(key, 6)].map((part) => part.toString(16).padStart(8, '0')).join('')
  const slug = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return {
    id: `${id.slice(0, 8)}-${id.slice(8, 12)}-3${id.slice(13, 16)}-8${id.slice(17, 20)}-${id.slice(20, 32)}`,
    number: 60_000_000 + (key % 9_000_000),
    title,
    summary: `${title}. A story made up by the simulated exchange about ${instrument.name} (${instrument.symbol}).`,
    url: `https://${domain}/${new Date(publishedAt).toISOString().slice(0, 10)}/${slug}-${id.slice(0, 6)}`,
    publisher,
    domain,
    publishedAt,
    symbols: uniform(key, 7) < 0.4 ? [instrument.symbol, peer.symbol] : [instrument.symbol],
    sentiment
  }
}

function peerOf(instrument: Instrument, key: number): Instrument {
  const peers = UNIVERSE.filter(({ sector, kind, symbol }) => {
    return sector === instrument.sector && kind === instrument.kind && symbol !== instrument.symbol
  })
  return peers.length > 0 ? pick(peers.slice(0, 12), key, 8) : instrument
}
