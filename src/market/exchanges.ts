/** An exchange, or the market of what no exchange lists. */
export type Exchange = {
  /** ISO 10383; undefined for coins and currencies, which trade on no exchange. */
  readonly mic: string | undefined
  /** As it is displayed. */
  readonly name: string
  /** ISO 3166-1 alpha-2. */
  readonly country: string | undefined
  /** IANA. */
  readonly timeZone: string
  /** End of regular trading, wall time; the exchange's calendar comes before it, where there is one. */
  readonly closes: string
  /** ISO 4217; undefined where listings trade in several units (London: pence, pounds, dollars, euros). */
  readonly currency: string | undefined
  /** After the dot of a canonical symbol, the usual one first; none in the United States. */
  readonly suffixes: readonly string[]
  /** After the dot of a symbol of Alpha Vantage; undefined where the vendor has none of its listings. */
  readonly alphaVantage: string | undefined
  /** Codes and names that vendors have for it, in upper case. */
  readonly codes: readonly string[]
}

/**
 * MIC, name, country, zone, close, currency, suffixes, Alpha Vantage's suffix, and the vendors' codes: of Yahoo
 * (`exchange`, `fullExchangeName`, `exchDisp`), Financial Modeling Prep (`exchange`, `exchangeFullName`), Alpha Vantage
 * (`Exchange`) and Tiingo (`exchangeCode`). `AMEX` is in no row: FMP says it of NYSE Arca and NYSE American alike.
 * Suffixes are Yahoo's. Operating MICs, but where the market knows the segment as an exchange of its own.
 */
const TABLE = `
XNAS|NASDAQ|US|America/New_York|16:00|USD|||NMS,NGM,NCM,NAS,NASDAQGS,NASDAQGM,NASDAQCM,NASDAQ,NASDAQ GLOBAL SELECT,NASDAQ GLOBAL MARKET,NASDAQ CAPITAL MARKET,NASDAQ STOCK MARKET,XNGS,XNMS,XNCM
XNYS|NYSE|US|America/New_York|16:00|USD|||NYQ,NYSE,NYS,NEW YORK STOCK EXCHANGE
XASE|NYSE American|US|America/New_York|16:00|USD|||ASE,NYSE AMERICAN,NYSEAMERICAN,NYSE MKT
ARCX|NYSE Arca|US|America/New_York|16:00|USD|||PCX,NYSEARCA,NYSE ARCA,ARCA
BATS|Cboe BZX|US|America/New_York|16:00|USD|||BTS,BATS,CBOE,CBOE US,CBOE BZX,BATS GLOBAL MARKETS
IEXG|IEX|US|America/New_York|16:00|USD|||IEX,INVESTORS EXCHANGE
OTCM|OTC Markets|US|America/New_York|16:00|USD|||PNK,OQB,OQX,OEM,OTC,OTC MARKETS,OTCMKTS,OTCPK,PINK,OTCQB,OTCQX,OTCBB,OTC MARKETS OTCPK,OTC MARKETS OTCQB,OTC MARKETS OTCQX,OTC MARKETS EXMKT,OTHER OTC,EXPM,OTCGREY
XCME|CME|US|America/Chicago|16:00|USD|CME||CME,CHICAGO MERCANTILE EXCHANGE
XCBT|CBOT|US|America/Chicago|13:20|USD|CBT||CBT,CBOT,CHICAGO BOARD OF TRADE
XCEC|COMEX|US|America/New_York|17:00|USD|CMX||CMX,COMEX
XNYM|NYMEX|US|America/New_York|17:00|USD|NYM||NYM,NYMEX,NY MERCANTILE
IFUS|ICE Futures US|US|America/New_York|18:00|USD|NYB||NYB,ICE FUTURES,NYBOT
XTSE|TSX|CA|America/Toronto|16:00|CAD|TO|TRT|TOR,TORONTO,TSX,TORONTO STOCK EXCHANGE
XTSX|TSX Venture|CA|America/Toronto|16:00|CAD|V|TRV|VAN,TSXV,TSX VENTURE,TORONTO VENTURES
XCNQ|CSE|CA|America/Toronto|16:00|CAD|CN||CNQ,CANADIAN SEC,CANADIAN SECURITIES EXCHANGE
NEOE|Cboe Canada|CA|America/Toronto|16:00|CAD|NE||NEO,CBOE CA,CBOE CANADA
XMEX|BMV|MX|America/Mexico_City|15:00|MXN|MX||MEX,MEXICO,MEXICAN STOCK EXCHANGE
BVMF|B3|BR|America/Sao_Paulo|17:00|BRL|SA|SAO|SAO,SÃO PAULO,SAO PAULO,B3
XBUE|BYMA|AR|America/Argentina/Buenos_Aires|17:00|ARS|BA||BUE,BUENOS AIRES
XSGO|Santiago|CL|America/Santiago|16:00|CLP|SN||SGO,SANTIAGO
XLON|London Stock Exchange|GB|Europe/London|16:30||L,IL|LON|LSE,IOB,LONDON,LONDON STOCK EXCHANGE
XETR|Xetra|DE|Europe/Berlin|17:30|EUR|DE|DEX|GER,XETRA,DEUTSCHE BÖRSE
XFRA|Frankfurt|DE|Europe/Berlin|20:00|EUR|F|FRK|FRA,FSX,FRANKFURT
XSTU|Stuttgart|DE|Europe/Berlin|22:00|EUR|SG||STU,STUTTGART
XMUN|Munich|DE|Europe/Berlin|22:00|EUR|MU||MUN,MUNICH
XDUS|Düsseldorf|DE|Europe/Berlin|22:00|EUR|DU||DUS,DUSSELDORF,DÜSSELDORF,DUSSELDORF STOCK EXCHANGE
XHAM|Hamburg|DE|Europe/Berlin|22:00|EUR|HM||HAM,HAMBURG
XBER|Berlin|DE|Europe/Berlin|22:00|EUR|BE||BER,BERLIN
XPAR|Euronext Paris|FR|Europe/Paris|17:30|EUR|PA|PAR|PAR,PARIS,EURONEXT PARIS
XAMS|Euronext Amsterdam|NL|Europe/Amsterdam|17:30|EUR|AS|AMS|AMS,AMSTERDAM,EURONEXT AMSTERDAM
XBRU|Euronext Brussels|BE|Europe/Brussels|17:30|EUR|BR||BRU,BRUSSELS,EURONEXT BRUSSELS
XLIS|Euronext Lisbon|PT|Europe/Lisbon|16:30|EUR|LS||LIS,LISBON,EURONEXT LISBON
XDUB|Euronext Dublin|IE|Europe/Dublin|16:30|EUR|IR||ISE,DUB,IRISH,DUBLIN,EURONEXT DUBLIN
XMIL|Euronext Milan|IT|Europe/Rome|17:30|EUR|MI||MIL,MILAN,BORSA ITALIANA
XOSL|Euronext Oslo|NO|Europe/Oslo|16:20|NOK|OL||OSL,OSLO,OSLO STOCK EXCHANGE
XMAD|Madrid|ES|Europe/Madrid|17:30|EUR|MC||MCE,BME,MADRID,MADRID STOCK EXCHANGE
XSWX|SIX Swiss Exchange|CH|Europe/Zurich|17:30|CHF|SW||EBS,SIX,SWISS,SWISS EXCHANGE
XWBO|Vienna|AT|Europe/Vienna|17:30|EUR|VI||VIE,VIENNA
XSTO|Nasdaq Stockholm|SE|Europe/Stockholm|17:30|SEK|ST||STO,STOCKHOLM,STOCKHOLM STOCK EXCHANGE
XHEL|Nasdaq Helsinki|FI|Europe/Helsinki|18:30|EUR|HE||HEL,HELSINKI
XCSE|Nasdaq Copenhagen|DK|Europe/Copenhagen|17:00|DKK|CO||CPH,COPENHAGEN
XICE|Nasdaq Iceland|IS|Atlantic/Reykjavik|15:30|ISK|IC||ICE,ICELAND
XWAR|Warsaw|PL|Europe/Warsaw|17:00|PLN|WA||WSE,WARSAW,WARSAW STOCK EXCHANGE
XPRA|Prague|CZ|Europe/Prague|16:20|CZK|PR||PRA,PRAGUE
XBUD|Budapest|HU|Europe/Budapest|17:00|HUF|BD||BUD,BUDAPEST
ASEX|Athens|GR|Europe/Athens|17:20|EUR|AT||ATH,ATHENS
XIST|Borsa Istanbul|TR|Europe/Istanbul|18:00|TRY|IS||IST,ISTANBUL,ISTANBUL STOCK EXCHANGE
XTAE|Tel Aviv|IL|Asia/Jerusalem|17:25||TA||TLV,TEL AVIV
XJSE|Johannesburg|ZA|Africa/Johannesburg|17:00||JO||JNB,JOHANNESBURG
XSAU|Saudi Exchange|SA|Asia/Riyadh|15:00|SAR|SR||SAU,SAUDI
DSMD|Qatar|QA|Asia/Qatar|13:10|QAR|QA||DOH,QATAR
XKUW|Boursa Kuwait|KW|Asia/Kuwait|12:40||KW||KUW,KUWAIT
XCAI|Cairo|EG|Africa/Cairo|14:30|EGP|CA||CAI,EGX,CAIRO
XNSE|NSE|IN|Asia/Kolkata|15:30|INR|NS||NSI,NSE,NATIONAL STOCK EXCHANGE OF INDIA
XBOM|BSE|IN|Asia/Kolkata|15:30|INR|BO|BSE|BSE,BOM,BOMBAY,BOMBAY STOCK EXCHANGE
XIMC|MCX|IN|Asia/Kolkata|23:30|INR|||MCX,MULTI COMMODITY EXCHANGE OF INDIA
XTKS|Tokyo|JP|Asia/Tokyo|15:30|JPY|T||JPX,TYO,TOKYO,TOKYO STOCK EXCHANGE
XHKG|HKEX|HK|Asia/Hong_Kong|16:00|HKD|HK|HKG|HKG,HKSE,HONG KONG,HONG KONG STOCK EXCHANGE
XSHG|Shanghai|CN|Asia/Shanghai|15:00|CNY|SS|SHH|SHH,SHG,SHANGHAI,SHANGHAI STOCK EXCHANGE
XSHE|Shenzhen|CN|Asia/Shanghai|15:00|CNY|SZ|SHZ|SHZ,SHE,SHENZHEN,SHENZHEN STOCK EXCHANGE
XTAI|TWSE|TW|Asia/Taipei|13:30|TWD|TW||TAI,TAIWAN,TAIWAN STOCK EXCHANGE
ROCO|Taipei Exchange|TW|Asia/Taipei|13:30|TWD|TWO||TWO,TAIPEI EXCHANGE
XKRX|KRX|KR|Asia/Seoul|15:30|KRW|KS||KSC,KSE,KOREA,KOREA STOCK EXCHANGE
XKOS|KOSDAQ|KR|Asia/Seoul|15:30|KRW|KQ||KOE,KOSDAQ
XSES|SGX|SG|Asia/Singapore|17:00|SGD|SI||SES,SGX,SINGAPORE,SINGAPORE EXCHANGE
XKLS|Bursa Malaysia|MY|Asia/Kuala_Lumpur|17:00|MYR|KL||KLS,KUALA LUMPUR
XIDX|IDX|ID|Asia/Jakarta|16:00|IDR|JK||JKT,JAKARTA,INDONESIA STOCK EXCHANGE
XBKK|SET|TH|Asia/Bangkok|16:30|THB|BK||SET,THAILAND,STOCK EXCHANGE OF THAILAND
XASX|ASX|AU|Australia/Sydney|16:00|AUD|AX||ASX,AUSTRALIAN SECURITIES EXCHANGE
CHIA|Cboe Australia|AU|Australia/Sydney|16:00|AUD|XA||CXA,CBOE AU,CBOE AUSTRALIA
XNZE|NZX|NZ|Pacific/Auckland|16:45|NZD|NZ||NZE,NEW ZEALAND
|Crypto||UTC|24:00||||CCC,CRYPTO
|Forex||America/New_York|24:00||||CCY,FOREX`

const orAbsent = (text: string | undefined): string | undefined => (text === '' ? undefined : text)
const listIn = (text: string | undefined): string[] => (text ?? '').split(',').filter((item) => item !== '')

export const EXCHANGES: readonly Exchange[] = TABLE.trim()
  .split('\n')
  .map((line) => {
    const [mic, name, country, timeZone, closes, currency, suffixes, alphaVantage, codes] = line.split('|')
    return {
      mic: orAbsent(mic),
      name: name!,
      country: orAbsent(country),
      timeZone: timeZone!,
      closes: closes!,
      currency: orAbsent(currency),
      suffixes: listIn(suffixes),
      alphaVantage: orAbsent(alphaVantage),
      codes: listIn(codes)
    }
  })

const BY_SUFFIX = new Map(EXCHANGES.flatMap((each) => each.suffixes.map((suffix) => [suffix, each] as const)))
const BY_CODE = new Map(
  EXCHANGES.flatMap((each) => {
    const names = [...each.codes, each.name.toUpperCase(), ...(each.mic ? [each.mic] : [])]
    return names.map((code) => [code, each] as const)
  })
)

/** The exchange behind the dot of a canonical symbol: `L` is London. */
export function exchangeOfSuffix(suffix: string): Exchange | undefined {
  return BY_SUFFIX.get(suffix)
}

/** The exchange that a vendor means by a code or a name, in any case; undefined for those that are not in the table. */
export function exchangeNamed(text: string): Exchange | undefined {
  return BY_CODE.get(text.trim().toUpperCase())
}

export const CRYPTO_MARKET = exchangeNamed('CRYPTO')!
export const FX_MARKET = exchangeNamed('FOREX')!
