/** A year's interest that simulated options are priced with. */
const RISK_FREE_RATE = 0.04

/** The Black-Scholes value and its sensitivities: theta a day, vega and rho for one point of a hundred. */
export function optionValue(side: 'call' | 'put', spot: number, strike: number, years: number, volatility: number) {
  const root = volatility * Math.sqrt(years)
  const d1 = (Math.log(spot / strike) + (RISK_FREE_RATE + volatility ** 2 / 2) * years) / root
  const d2 = d1 - root
  const sign = side === 'call' ? 1 : -1
  const discounted = strike * Math.exp(-RISK_FREE_RATE * years)
  const density = Math.exp(-(d1 ** 2) / 2) / Math.sqrt(2 * Math.PI)
  const decay = (-spot * density * volatility) / (2 * Math.sqrt(years))
  return {
    price: Math.max(0, sign * (spot * cumulative(sign * d1) - discounted * cumulative(sign * d2))),
    delta: sign * cumulative(sign * d1),
    gamma: density / (spot * root),
    theta: (decay - sign * RISK_FREE_RATE * discounted * cumulative(sign * d2)) / 365,
    vega: (spot * density * Math.sqrt(years)) / 100,
    rho: (sign * discounted * years * cumulative(sign * d2)) / 100
  }
}

/** What is paid at the end for something that costs `spot` now. */
export const forwardOf = (spot: number, years: number): number => spot * Math.exp(RISK_FREE_RATE * years)

/** Further from the money options are dearer than the volatility of the underlying alone would make them. */
export const smileOf = (volatility: number, moneyness: number): number =>
  volatility * (1 + 0.15 * Math.min(4, moneyness ** 2) - 0.05 * Math.max(-2, Math.min(2, moneyness)))

/** The standard normal distribution function, by the logistic approximation good to four decimals. */
function cumulative(x: number): number {
  return 1 / (1 + Math.exp(-1.5976 * x - 0.070565992 * x ** 3))
}
