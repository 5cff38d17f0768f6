import { describe, expect, test } from 'vitest'
import { toneOf } from '../../src/market/news-tone.ts'

/** Closer to zero than this, a headline says neither. */
const NEUTRAL = 0.15

const GOOD = [
  'Costco beats estimates, raises full-year outlook',
  'Nvidia tops Wall Street expectations and lifts guidance',
  'Palantir shares soar after raising revenue forecast',
  'Rivian loss narrows as deliveries pick up',
  'Peloton posts smaller-than-expected loss',
  'Spirit Airlines reports narrower loss than a year ago',
  'Uber swings to profit on ride demand',
  'Stocks rally as inflation cools',
  'Delta says fuel costs fall, margins improve',
  'Verizon cuts debt faster than planned',
  'Walmart stock climbs to record high',
  'Goldman upgrades Micron to buy',
  'FDA approves Lilly weight-loss pill',
  'Results not as bad as feared, says Intel chief',
  'Boeing avoids strike with last-minute deal',
  'Fears of recession ease after strong jobs report',
  'Jobless claims drop to lowest in a year',
  'Ford pares losses as tariff worries fade',
  'Shopify earnings better than expected, stock jumps 12%',
  'Apple announces $110 billion share buyback',
  "Snowflake doesn't disappoint: product revenue surges 30%",
  'Judge dismisses lawsuit against Pfizer',
  'Netflix adds more subscribers than forecast, shares rise',
  'Airbnb turns profitable for the first time',
  'AMD shares rise despite mixed guidance',
  'Revenue slips but profit beats expectations at Cisco',
  'Fed signals rate cuts, Dow gains 300 points',
  'Caterpillar raises dividend 8%',
  'Unemployment falls sharply, lifting retailers',
  'Adobe forecasts quarterly revenue above estimates',
  'Outflows slow at Schwab',
  'No sign of a slowdown in Amazon cloud',
  'Lockheed wins a multi-year contract',
  'S&P 500 hits record high',
  'Dow edges up as banks report',
  'Hertz emerges from bankruptcy with lower debt',
  'Coinbase wins dismissal of most claims, stock pops',
  'Zoom not only beats but raises its outlook',
  'Lower costs boost quarterly profit at Nestle',
  'Carvana halves its loss and cuts interest expenses'
]

const BAD = [
  'Nike cuts guidance, shares tumble',
  'Target misses estimates as shoppers pull back',
  'Intel shares plunge after weak forecast',
  'WeWork is still not profitable',
  'Snap loss widens, user growth slows',
  'Lucid reports wider-than-expected loss',
  'Disney earnings beat but shares slide on soft streaming outlook',
  'Netflix tops estimates, but stock tumbles on subscriber miss',
  'Costs rise at Southwest Airlines, hurting margins',
  'Moody’s warns of rising defaults',
  'Bed Bath & Beyond files for bankruptcy',
  'Tesla fails to beat delivery estimates',
  'Stocks fall as Treasury yields jump',
  'Dow drops 400 points on recession fears',
  'Morgan Stanley downgrades Alibaba',
  'Biogen slumps after FDA rejects Alzheimer drug',
  'Short seller accuses Super Micro of accounting irregularities',
  'Inflation accelerates more than expected',
  'Kraft Heinz lowers full-year outlook',
  'Walgreens suspends dividend',
  'Boeing under pressure after new probe',
  'PayPal price target cut at Barclays',
  'Beyond Meat shares extend losses',
  'Revenue falls short of forecasts at Etsy',
  'GE no longer expects to be profitable this year',
  'UnitedHealth withdraws guidance, chief executive steps down',
  'Macy’s profit halves',
  'Shares sink despite record revenue',
  'Going concern doubts raised at Virgin Galactic',
  'Higher rates weigh on homebuilders',
  'Debt swells at Paramount',
  'Wolfspeed swings to a loss as costs mount',
  'Results worse than feared at Hasbro',
  'Dell gives up gains after upbeat open',
  'Chegg stock crashes, guidance disappoints',
  'Sales did not meet expectations at Dollar General',
  'Drug fails late-stage trial, shares plummet',
  'Novavax shares hit by profit warning'
]

const NEITHER = [
  'Microsoft to present at an industry conference',
  'Berkshire Hathaway annual meeting: what to know',
  'Oracle names new member of its board',
  'Amazon files its quarterly report',
  'Chevron and Exxon: how the two compare',
  'How to set a stop loss',
  '3 best stocks to hold for a decade',
  'Better buy: Coca-Cola or Pepsi?',
  'Top analyst explains capital gains taxes',
  'Growth stocks and value stocks explained',
  'Alphabet sets record date for annual meeting',
  'Gewinn bricht um die Hälfte ein',
  ''
]

describe('a story is not taken for the opposite of what it says', () => {
  test.each(GOOD)('good: %s', (headline) => expect(toneOf(headline)).toBeGreaterThan(NEUTRAL))
  test.each(BAD)('bad: %s', (headline) => expect(toneOf(headline)).toBeLessThan(-NEUTRAL))
  test.each(NEITHER)('neither: %s', (headline) => expect(Math.abs(toneOf(headline))).toBeLessThan(NEUTRAL))
})

test('a degree counts', () => {
  expect(toneOf('Shares fall sharply')).toBeLessThan(toneOf('Shares fall'))
  expect(toneOf('Shares fall')).toBeLessThan(toneOf('Shares fall slightly'))
})

test('a question claims less than a statement', () => {
  expect(toneOf('Will Tesla miss estimates?')).toBeGreaterThan(toneOf('Tesla to miss estimates'))
})

test('no headline leaves the scale or takes long', () => {
  const endless = 'plunges '.repeat(100_000)
  const before = process.threadCpuUsage()
  expect(toneOf(endless)).toBeGreaterThanOrEqual(-1)
  const { user, system } = process.threadCpuUsage(before)
  expect((user + system) / 1000).toBeLessThan(500)
})
