import type { Calendar } from './calendar.ts'
import { indianDerivative, isEquityDerivative } from './indian-derivative.ts'
import { kindOfSymbol } from './instrument-kind.ts'
import { usIssue } from './us-issue.ts'
import { exchangeOfListing } from './exchange.ts'
import { CRYPTO_MARKET, FX_MARKET } from './exchanges.ts'

const WEEKDAYS = [1, 2, 3, 4, 5]
const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6]

const days = (name: string, ...dates: string[]) => dates.map((date) => ({ date, name }))

/** New York: NYSE's published lists to 2028. Nasdaq keeps the same days and hours. */
const newYork: Calendar = {
  exchange: 'XNYS',
  name: 'NYSE and Nasdaq',
  timeZone: 'America/New_York',
  weekdays: WEEKDAYS,
  hours: [{ from: '1985-09-30', pre: ['04:00', '09:30'], regular: ['09:30', '16:00'], post: ['16:00', '20:00'] }],
  closed: [
    ...days("New Year's Day", '2024-01-01', '2025-01-01', '2026-01-01', '2027-01-01'),
    ...days('National Day of Mourning', '2025-01-09'),
    ...days('Martin Luther King Jr. Day', '2024-01-15', '2025-01-20', '2026-01-19', '2027-01-18', '2028-01-17'),
    ...days("Washington's Birthday", '2024-02-19', '2025-02-17', '2026-02-16', '2027-02-15', '2028-02-21'),
    ...days('Good Friday', '2024-03-29', '2025-04-18', '2026-04-03', '2027-03-26', '2028-04-14'),
    ...days('Memorial Day', '2024-05-27', '2025-05-26', '2026-05-25', '2027-05-31', '2028-05-29'),
    ...days('Juneteenth', '2024-06-19', '2025-06-19', '2026-06-19', '2027-06-18', '2028-06-19'),
    ...days('Independence Day', '2024-07-04', '2025-07-04', '2026-07-03', '2027-07-05', '2028-07-04'),
    ...days('Labor Day', '2024-09-02', '2025-09-01', '2026-09-07', '2027-09-06', '2028-09-04'),
    ...days('Thanksgiving Day', '2024-11-28', '2025-11-27', '2026-11-26', '2027-11-25', '2028-11-23'),
    ...days('Christmas Day', '2024-12-25', '2025-12-25', '2026-12-25', '2027-12-24', '2028-12-25')
  ],
  special: [
    ...['2024-07-03', '2025-07-03', '2028-07-03'].map((date) => half(date, 'Day before Independence Day')),
    ...['2024-11-29', '2025-11-28', '2026-11-27', '2027-11-26', '2028-11-24'].map((date) =>
      half(date, 'Day after Thanksgiving')
    ),
    ...['2024-12-24', '2025-12-24', '2026-12-24'].map((date) => half(date, 'Christmas Eve'))
  ],
  knownUntil: '2028-12-31'
}

const london: Calendar = {
  exchange: 'XLON',
  name: 'London Stock Exchange',
  timeZone: 'Europe/London',
  weekdays: WEEKDAYS,
  hours: [{ from: '2000-01-01', regular: ['08:00', '16:30'], closingAuction: ['16:30', '16:35'] }],
  closed: [
    ...days("New Year's Day", '2024-01-01', '2025-01-01', '2026-01-01', '2027-01-01'),
    ...days('Good Friday', '2024-03-29', '2025-04-18', '2026-04-03', '2027-03-26'),
    ...days('Easter Monday', '2024-04-01', '2025-04-21', '2026-04-06', '2027-03-29'),
    ...days('Early May bank holiday', '2024-05-06', '2025-05-05', '2026-05-04', '2027-05-03'),
    ...days('Spring bank holiday', '2024-05-27', '2025-05-26', '2026-05-25', '2027-05-31'),
    ...days('Summer bank holiday', '2024-08-26', '2025-08-25', '2026-08-31', '2027-08-30'),
    ...days('Christmas Day', '2024-12-25', '2025-12-25', '2026-12-25', '2027-12-27'),
    ...days('Boxing Day', '2024-12-26', '2025-12-26', '2026-12-28', '2027-12-28')
  ],
  special: [
    '2024-12-24',
    '2024-12-31',
    '2025-12-24',
    '2025-12-31',
    '2026-12-24',
    '2026-12-31',
    '2027-12-24',
    '2027-12-31'
  ].map((date) => ({ date, name: 'Half day', regular: ['08:00', '12:30'], closingAuction: ['12:30', '12:35'] })),
  knownUntil: '2027-12-31'
}

const toronto: Calendar = {
  exchange: 'XTSE',
  name: 'Toronto Stock Exchange',
  timeZone: 'America/Toronto',
  weekdays: WEEKDAYS,
  hours: [{ from: '2000-01-01', pre: ['07:00', '09:30'], regular: ['09:30', '16:00'], post: ['16:15', '17:00'] }],
  closed: [
    ...days("New Year's Day", '2024-01-01', '2025-01-01', '2026-01-01', '2027-01-01'),
    ...days('Family Day', '2024-02-19', '2025-02-17', '2026-02-16', '2027-02-15'),
    ...days('Good Friday', '2024-03-29', '2025-04-18', '2026-04-03', '2027-03-26'),
    ...days('Victoria Day', '2024-05-20', '2025-05-19', '2026-05-18', '2027-05-24'),
    ...days('Canada Day', '2024-07-01', '2025-07-01', '2026-07-01', '2027-07-01'),
    ...days('Civic Holiday', '2024-08-05', '2025-08-04', '2026-08-03', '2027-08-02'),
    ...days('Labour Day', '2024-09-02', '2025-09-01', '2026-09-07', '2027-09-06'),
    ...days('Thanksgiving Day', '2024-10-14', '2025-10-13', '2026-10-12', '2027-10-11'),
    ...days('Christmas Day', '2024-12-25', '2025-12-25', '2026-12-25', '2027-12-27'),
    ...days('Boxing Day', '2024-12-26', '2025-12-26', '2026-12-28', '2027-12-28')
  ],
  special: ['2024-12-24', '2025-12-24', '2026-12-24', '2027-12-24'].map((date) => ({
    date,
    name: 'Christmas Eve',
    pre: ['07:00', '09:30'],
    regular: ['09:30', '13:00']
  })),
  knownUntil: '2027-12-31'
}

const NSE_CLOSED = [
  ...days('Municipal election', '2026-01-15'),
  ...days('Republic Day', '2026-01-26'),
  ...days('Holi', '2026-03-03'),
  ...days('Ram Navami', '2026-03-26'),
  ...days('Mahavir Jayanti', '2026-03-31'),
  ...days('Good Friday', '2026-04-03'),
  ...days('Ambedkar Jayanti', '2026-04-14'),
  ...days('Maharashtra Day', '2026-05-01'),
  ...days('Bakri Id', '2026-05-28'),
  ...days('Muharram', '2026-06-26'),
  ...days('Ganesh Chaturthi', '2026-09-14'),
  ...days('Gandhi Jayanti', '2026-10-02'),
  ...days('Dussehra', '2026-10-20'),
  ...days('Diwali Balipratipada', '2026-11-10'),
  ...days('Guru Nanak Jayanti', '2026-11-24'),
  ...days('Christmas Day', '2026-12-25')
]

const MUHURAT = { date: '2026-11-08', name: 'Muhurat trading', regular: ['18:00', '19:00'] } as const

/**
 * The National Stock Exchange of India in three segments. From 2026-08-03 shares that have derivatives stop
 * continuous trading at 15:15 and close by auction until 15:35, other shares trade to 15:30 as before, and equity
 * derivatives trade to 15:40. The time of the Muhurat hour is set by circular shortly before; 18:00 is customary.
 */
const nse = (segment: '' | '.CASH' | '.DERIVATIVES', name: string, since2026: Calendar['hours'][number]): Calendar => ({
  exchange: `XNSE${segment}`,
  name,
  timeZone: 'Asia/Kolkata',
  weekdays: WEEKDAYS,
  hours: [{ from: '2010-10-18', pre: ['09:00', '09:08'], regular: ['09:15', '15:30'] }, since2026],
  closed: NSE_CLOSED,
  special: [{ ...MUHURAT, regular: [...MUHURAT.regular] }],
  knownUntil: '2026-12-31'
})

const mumbai = nse('', 'NSE, shares with derivatives', {
  from: '2026-08-03',
  pre: ['09:00', '09:08'],
  regular: ['09:15', '15:15'],
  closingAuction: ['15:15', '15:35']
})
const mumbaiCash = nse('.CASH', 'NSE, shares without derivatives', {
  from: '2026-08-03',
  pre: ['09:00', '09:08'],
  regular: ['09:15', '15:30']
})
const mumbaiDerivatives = nse('.DERIVATIVES', 'NSE, equity derivatives', {
  from: '2026-08-03',
  pre: ['09:00', '09:08'],
  regular: ['09:15', '15:40']
})

/** The exchange of commodities. */
export const INDIAN_COMMODITIES = 'XIMC'
const MCX_CLOSED = ['Republic Day', 'Good Friday', 'Gandhi Jayanti', 'Christmas Day']
/** Futures follow the markets of New York: while these keep standard time, the evening is longer. */
const MCX_SUMMER_END = '23:30'
const MCX_WINTER_END = '23:55'
/** The evenings of years before are taken to be short. */
const MCX_HOURS = [
  ['2003-11-10', MCX_SUMMER_END],
  ['2023-11-06', MCX_WINTER_END],
  ['2024-03-11', MCX_SUMMER_END],
  ['2024-11-04', MCX_WINTER_END],
  ['2025-03-10', MCX_SUMMER_END],
  ['2025-11-03', MCX_WINTER_END],
  ['2026-03-09', MCX_SUMMER_END],
  ['2026-11-02', MCX_WINTER_END],
  ['2027-03-15', MCX_SUMMER_END],
  ['2027-11-08', MCX_WINTER_END]
] as const

const mcxEnd = (date: string) => MCX_HOURS.findLast(([from]) => from <= date)![1]

/** Where the National Stock Exchange rests, commodities trade in the evening all the same, but on four days. */
const multiCommodity: Calendar = {
  exchange: INDIAN_COMMODITIES,
  name: 'Multi Commodity Exchange of India',
  timeZone: 'Asia/Kolkata',
  weekdays: WEEKDAYS,
  hours: MCX_HOURS.map(([from, end]) => ({ from, regular: ['09:00', end] })),
  closed: NSE_CLOSED.filter(({ name }) => MCX_CLOSED.includes(name)),
  special: [
    { date: '2026-01-01', name: "New Year's Day", regular: ['09:00', '17:00'] },
    ...NSE_CLOSED.filter(({ name }) => !MCX_CLOSED.includes(name)).map(
      ({ date, name }): Calendar['special'][number] => ({
        date,
        name,
        regular: ['17:00', mcxEnd(date)]
      })
    )
  ],
  knownUntil: '2026-12-31'
}

/** Spot currencies trade from Sunday 17:00 to Friday 17:00 New York. */
const currencies: Calendar = {
  exchange: 'FX',
  name: 'Spot currencies',
  timeZone: 'America/New_York',
  weekdays: [0, 1, 2, 3, 4, 5],
  hours: [{ from: '2000-01-01', regular: ['00:00', '24:00'] }],
  weekdayHours: { 0: { regular: ['17:00', '24:00'] }, 5: { regular: ['00:00', '17:00'] } },
  closed: [],
  special: []
}

const crypto: Calendar = {
  exchange: 'CRYPTO',
  name: 'Crypto, around the clock',
  timeZone: 'UTC',
  weekdays: EVERY_DAY,
  hours: [{ from: '2009-01-03', regular: ['00:00', '24:00'] }],
  closed: [],
  special: []
}

/** What Quotewire knows of exchanges when it starts; the database may hold newer rows. */
export const CALENDARS: readonly Calendar[] = [
  newYork,
  london,
  toronto,
  mumbai,
  mumbaiCash,
  mumbaiDerivatives,
  multiCommodity,
  currencies,
  crypto
]

/** The same exchanges in the simulated market, where each trades every day from midnight to midnight of its zone. */
export const ALWAYS_OPEN: readonly Calendar[] = CALENDARS.map(({ exchange, name, timeZone }) => ({
  exchange,
  name: `${name}, simulated, always open`,
  timeZone,
  weekdays: EVERY_DAY,
  hours: [{ from: '1970-01-01', regular: ['00:00', '24:00'] }],
  closed: [],
  special: []
}))

/** Exchanges that keep the calendar of another one. */
const SHARED_CALENDARS: Readonly<Record<string, string>> = { XTSX: 'XTSE', XBOM: 'XNSE' }
export const INDIAN_EXCHANGE = 'XNSE'
/** The segment of futures and options on shares and indices. */
export const INDIAN_DERIVATIVES = 'XNSE.DERIVATIVES'

/**
 * Which calendar a canonical symbol follows, by its spelling: the MIC of its exchange as a rule. Undefined where the
 * listing's exchange is not known. Not every exchange has a calendar: then nothing may be assumed of its hours.
 */
export function exchangeOf(symbol: string): string | undefined {
  if (symbol.startsWith('^')) return symbol.startsWith('^NIFTY') ? INDIAN_EXCHANGE : INDEX_EXCHANGES[symbol]
  const listed = exchangeOfListing(symbol)
  if (listed === CRYPTO_MARKET) return 'CRYPTO'
  if (listed === FX_MARKET) return 'FX'
  const derivative = indianDerivative(symbol)
  if (derivative?.exchange === 'MCX') return INDIAN_COMMODITIES
  if (derivative) return isEquityDerivative(derivative) ? INDIAN_DERIVATIVES : undefined
  if (listed?.mic) return SHARED_CALENDARS[listed.mic] ?? listed.mic
  const isUnitedStates = usIssue(symbol) || /^[A-Z]{1,5}$/.test(symbol) || kindOfSymbol(symbol) === 'option'
  return isUnitedStates ? 'XNYS' : undefined
}

const INDEX_EXCHANGES: Record<string, string> = {
  '^GSPC': 'XNYS',
  '^DJI': 'XNYS',
  '^IXIC': 'XNYS',
  '^NDX': 'XNYS',
  '^RUT': 'XNYS',
  '^VIX': 'XNYS',
  '^FTSE': 'XLON',
  '^GSPTSE': 'XTSE',
  '^NSEI': 'XNSE',
  '^NSEBANK': 'XNSE',
  '^BSESN': 'XNSE'
}

function half(date: string, name: string): Calendar['special'][number] {
  return { date, name, pre: ['04:00', '09:30'], regular: ['09:30', '13:00'], post: ['13:00', '17:00'] }
}
