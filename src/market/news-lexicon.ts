/**
 * What the words of financial headlines say of whom they are about, from -1 to 1. Verbs stand in their base form and
 * match their regular inflections too; irregular ones are listed.
 */

/** Words that tell a direction: of a profit good news, of a loss bad news. */
export const RISING: Readonly<Record<string, number>> = {
  ...each(0.9, 'soar surge skyrocket rocket double triple quadruple'),
  ...each(0.8, 'jump rally leap spike boom swell'),
  ...each(0.7, 'climb raise boost lift hike gain expand grow grew grown higher accelerate bounce rebound recover'),
  ...each(0.6, 'rise rose risen increase advance widen wider bigger larger extend up upward'),
  ...each(0.5, 'edge-up tick-up pop mount deepen add')
}

export const FALLING: Readonly<Record<string, number>> = {
  ...each(-0.95, 'plunge plummet crash collapse crater nosedive tank'),
  ...each(-0.85, 'tumble slump sink sank sunk dive dived slash halve'),
  ...each(-0.75, 'drop fall fell fallen cut slide slid decline lower reduce shrink shrank shrunk'),
  ...each(-0.6, 'slip dip retreat trim ease cool narrow narrower smaller fewer weaken shed down downward pare'),
  ...each(-0.5, 'dwindle subside abate fade moderate slow less')
}

/** What is bad to have, so that more of it is bad news and less of it good; the number is what it says by itself. */
export const BURDENS: Readonly<Record<string, number>> = {
  ...each(-0.5, 'loss losses deficit shortfall default defaults delinquencies writedown writedowns impairment'),
  ...each(-0.45, 'fears fear worries worry concerns concern tensions uncertainty risks risk pressure pressures doubts'),
  ...each(-0.35, 'layoffs churn backlash selloff unemployment redundancies tariffs tariff'),
  ...each(
    0,
    'cost costs expenses spending debt leverage inflation claims yields rate rates tax taxes volatility losers'
  ),
  ...each(0, 'liabilities emissions outflows waste')
}

/** Words that judge by themselves. */
export const JUDGING: Readonly<Record<string, number>> = {
  ...each(0.9, 'beat crush smash blowout'),
  ...each(0.8, 'tops topped exceed surpass outpace outperform upgrade bullish stellar outstanding'),
  ...each(0.7, 'upbeat approve breakthrough impress thrive record-breaking win won optimistic booming'),
  ...each(0.6, 'strong stronger robust profitable profitability better strength momentum tailwind tailwinds resilient'),
  ...each(0.5, 'solid best buyback overweight healthy improve award success successful bargain undervalued reward'),
  ...each(0.4, 'profit optimism confident confidence partnership innovative attractive landmark meet met'),
  ...each(0.3, 'growth good positive agreement secure settle steady'),
  ...each(-0.3, 'caution cautious mixed challenge'),
  ...each(-0.4, 'loser delay strike hurt headwind headwinds volatile soft struggle question overvalued pause'),
  ...each(-0.5, 'sluggish lawsuit sue probe investigate investigation fine fined sanction recall outage shortage lag'),
  ...each(-0.6, 'weak weaker weakness poor worse bearish pessimistic gloomy bleak unprofitable warn warning reject'),
  ...each(-0.6, 'underweight breach hack slowdown stall halt suspend withdraw subpoena grim bad tougher contraction'),
  ...each(-0.7, 'worst downbeat recession crisis scandal downgrade underperform resign oust default penalty'),
  ...each(-0.8, 'disappoint disappointment bankrupt bankruptcy insolvency insolvent delist delisting'),
  ...each(-0.9, 'miss fraud fraudulent')
}

/** Sayings whose words alone would mislead; the longest that fits is taken. Hyphens count as spaces. */
export const PHRASES: Readonly<Record<string, number>> = {
  ...said(0.8, 'better than expected, better than feared, above expectations, above estimates, above forecasts'),
  ...said(0.8, 'beats on top and bottom line, all time high, record high, record highs, fresh high'),
  ...said(0.7, 'not as bad as feared, less bad than feared, swings to profit, swing to profit, swung to profit'),
  ...said(0.7, 'returns to profit, emerges from bankruptcy, exits bankruptcy, wins approval, fda approval'),
  ...said(0.7, 'turns profitable, extends gains, adds to gains, winning streak, price target raised'),
  ...said(0.6, 'buy rating, strong buy, rate cut, rate cuts, wins dismissal, dismisses lawsuit, soft landing'),
  ...said(0.6, 'lawsuit dismissed, probe closed, cleared of, pares losses, trims losses, erases losses'),
  ...said(0.5, 'strikes deal, hits high, hits new high, short squeeze, raises dividend'),
  ...said(0.5, 'share repurchase, stock buyback, share buyback'),
  ...said(0, 'meeting, not only, stop loss, profit and loss, up to, growth stock, growth stocks, set up, start up'),
  ...said(0, 'cut down on, top pick for, top executive, top executives, hit the market, interest in'),
  ...said(0, 'break down, best stock, best stocks, better buy, capital gains, wraps up, ends up'),
  ...said(0, 'record date, strike price, follow up, top stocks, top stock, best known, on track to'),
  ...said(-0.4, 'red flag, red flags, short seller, short report, job cuts, cuts jobs, price war, antitrust'),
  ...said(-0.6, 'raises concerns, raises doubts, raises questions, raise doubts, rate hike, rate hikes'),
  ...said(-0.6, 'hit by, hit hard, takes a hit, takes hit, sell rating, losing streak, profit taking'),
  ...said(-0.6, 'erases gains, pares gains, gives up gains'),
  ...said(-0.7, 'worse than expected, worse than feared, below expectations, below estimates, short of estimates'),
  ...said(-0.7, 'swings to loss, swing to loss, swung to loss, swings to a loss, extends losses, bear market'),
  ...said(-0.7, 'steps down, stepping down, beaten down, under pressure, under fire, margin squeeze, sell off'),
  ...said(-0.8, 'falls short, fall short, fell short, profit warning, going concern, record low, hits low'),
  ...said(-0.8, 'chapter 11, files for bankruptcy, accounting irregularities, price target cut, cut to sell')
}

/** Words that turn what follows them in the clause around. `fails to` and the like also say something themselves. */
export const NEGATIONS: Readonly<Record<string, number>> = {
  ...said(0, 'not, no, never, without, cannot, neither, nor, hardly, denies, deny, no longer'),
  ...said(0, 'avoid, avoids, avoided, averts, averted, unlikely to, lack of, lacks, rules out'),
  ...said(-0.3, 'fails to, failed to, fail to, failing to, struggles to, unable to')
}

/** How much more or less the next word counts. */
export const DEGREES: Readonly<Record<string, number>> = {
  ...each(
    1.4,
    'sharply strongly significantly massively dramatically record hugely deeply steeply heavily surprisingly'
  ),
  ...each(1.2, 'much very far unexpectedly well'),
  ...each(0.6, 'slightly modestly marginally narrowly somewhat mildly little')
}

/** Words that open a clause, and how much that clause counts. What stands before `but` counts less than what follows. */
export const CLAUSES: Readonly<Record<string, number>> = {
  ...each(0.4, 'despite although though notwithstanding'),
  ...each(1, 'as amid while on with because and since when'),
  ...each(0.6, 'after following'),
  ...each(1.5, 'but yet however')
}

function each(value: number, words: string): Record<string, number> {
  return Object.fromEntries(words.split(' ').map((word) => [word, value]))
}

function said(value: number, sayings: string): Record<string, number> {
  return Object.fromEntries(sayings.split(', ').map((saying) => [saying, value]))
}
