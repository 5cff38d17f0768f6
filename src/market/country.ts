import { Type } from 'typebox'

export const Country = Type.String({
  pattern: '^[A-Z]{2}$',
  description: 'ISO 3166-1 alpha-2, of the issuer; for a match of a search, of the listing where only that is known',
  examples: ['US']
})

/** The codes that ISO 3166-1 assigns. */
const CODES = (
  'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC ' +
  'CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD ' +
  'GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH ' +
  'KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW ' +
  'MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC ' +
  'SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY ' +
  'UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW'
).split(' ')

/** Beside the names of the Unicode locale data, in letters only. */
const SPELLINGS = new Map([
  ['usa', 'US'],
  ['unitedstatesofamerica', 'US'],
  ['uk', 'GB'],
  ['greatbritain', 'GB'],
  ['korea', 'KR'],
  ['republicofkorea', 'KR'],
  ['czechrepublic', 'CZ'],
  ['turkey', 'TR'],
  ['macau', 'MO'],
  ['ivorycoast', 'CI'],
  ['russianfederation', 'RU'],
  ['macedonia', 'MK'],
  ['thenetherlands', 'NL'],
  ['burma', 'MM'],
  ['unitedrepublicoftanzania', 'TZ'],
  ['vietnam', 'VN'],
  ['reunion', 'RE'],
  ['swaziland', 'SZ'],
  ['capeverde', 'CV']
])

const lettersOf = (text: string): string =>
  text
    .normalize('NFD')
    .toLowerCase()
    .replaceAll('&', 'and')
    .replaceAll(/[^a-z]/g, '')

const BY_LETTERS = new Map([
  ...(['long', 'short'] as const).flatMap((style) => {
    const names = new Intl.DisplayNames('en', { type: 'region', style })
    return CODES.map((code) => [lettersOf(names.of(code)!), code] as const)
  }),
  ...CODES.map((code) => [code.toLowerCase(), code] as const),
  ...SPELLINGS
])

/** The country that a vendor means by a code or an English name; undefined for what is none. */
export function countryNamed(text: string | undefined): string | undefined {
  return text === undefined ? undefined : BY_LETTERS.get(lettersOf(text))
}
