/** What an option's theoretical value follows from. */
export type OptionTerms = {
  readonly side: 'call' | 'put'
  /** Price of the underlying, in the unit of the strike. */
  readonly spot: number
  readonly strike: number
  /** Until expiry, in years of 365 days; above 0. */
  readonly years: number
  /** Continuously compounded, 0.04 means 4 % a year. */
  readonly rate: number
  /** Continuously compounded, 0.01 means 1 % a year. */
  readonly dividendYield: number
}

/** Sensitivities as vendors state them: theta for a day of 365, vega and rho for one point of a hundred. */
export type Greeks = { delta: number; gamma: number; theta: number; vega: number; rho: number }

const DAYS_PER_YEAR = 365
/** Volatilities that a market can mean: a tenth of a percent to a thousand percent a year. */
const MIN_VOLATILITY = 0.001
const MAX_VOLATILITY = 10
/** Halvings of that range, after which its width is below the resolution of a double's tenth digit. */
const MAX_HALVINGS = 60
const VOLATILITY_TOLERANCE = 1e-10

/** Value of a European option by Black and Scholes with a continuous dividend (Merton). */
export function theoreticalPrice(terms: OptionTerms, volatility: number): number {
  const { side, spot, strike, years, rate, dividendYield } = terms
  const { d1, d2 } = distances(terms, volatility)
  const sign = side === 'call' ? 1 : -1
  return (
    sign *
    (spot * Math.exp(-dividendYield * years) * normalCdf(sign * d1) -
      strike * Math.exp(-rate * years) * normalCdf(sign * d2))
  )
}

export function greeksOf(terms: OptionTerms, volatility: number): Greeks {
  const { side, spot, strike, years, rate, dividendYield } = terms
  const { d1, d2 } = distances(terms, volatility)
  const sign = side === 'call' ? 1 : -1
  const carried = Math.exp(-dividendYield * years)
  const discounted = strike * Math.exp(-rate * years)
  const density = Math.exp(-(d1 ** 2) / 2) / Math.sqrt(2 * Math.PI)
  const perYear =
    (-spot * carried * density * volatility) / (2 * Math.sqrt(years)) -
    sign * rate * discounted * normalCdf(sign * d2) +
    sign * dividendYield * spot * carried * normalCdf(sign * d1)
  return {
    delta: sign * carried * normalCdf(sign * d1),
    gamma: (carried * density) / (spot * volatility * Math.sqrt(years)),
    theta: perYear / DAYS_PER_YEAR,
    vega: (spot * carried * density * Math.sqrt(years)) / 100,
    rho: (sign * discounted * years * normalCdf(sign * d2)) / 100
  }
}

/**
 * The volatility at which an option is worth a price; undefined where none is: below what it is worth at once exercised
 * forward, above what it can ever be worth, or so deep in the money that the price does not tell.
 */
export function impliedVolatility(terms: OptionTerms, price: number): number | undefined {
  let [low, high] = [MIN_VOLATILITY, MAX_VOLATILITY]
  if (!(price > theoreticalPrice(terms, low)) || !(price < theoreticalPrice(terms, high))) return undefined
  for (let halving = 0; halving < MAX_HALVINGS && high - low > VOLATILITY_TOLERANCE; halving++) {
    const middle = (low + high) / 2
    if (theoreticalPrice(terms, middle) < price) low = middle
    else high = middle
  }
  return (low + high) / 2
}

function distances({ spot, strike, years, rate, dividendYield }: OptionTerms, volatility: number) {
  const deviation = volatility * Math.sqrt(years)
  const d1 = (Math.log(spot / strike) + (rate - dividendYield + volatility ** 2 / 2) * years) / deviation
  return { d1, d2: d1 - deviation }
}

/** The sum's terms of West's double-precision form of Hart's approximation (Better approximations to cumulative normal functions, 2005). */
const NUMERATOR = [
  0.035262496599891, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871, 221.213596169931,
  220.206867912376
]
const DENOMINATOR = [
  0.0883883476483184, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674, 637.333633378831,
  793.826512519948, 440.413735824752
]
/** Beyond it a continued fraction takes over from the quotient of polynomials; beyond the tail nothing is left. */
const POLYNOMIAL_RANGE = 7.07106781186547
const TAIL = 37

/** The standard normal distribution function, to about 1e-15. */
export function normalCdf(x: number): number {
  const z = Math.abs(x)
  if (z > TAIL) return x > 0 ? 1 : 0
  const bell = Math.exp(-(z ** 2) / 2)
  const upperTail =
    z < POLYNOMIAL_RANGE
      ? (bell * polynomial(NUMERATOR, z)) / polynomial(DENOMINATOR, z)
      : bell / (z + 1 / (z + 2 / (z + 3 / (z + 4 / (z + 0.65))))) / Math.sqrt(2 * Math.PI)
  return x > 0 ? 1 - upperTail : upperTail
}

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0)
}
