import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import helmet from '@fastify/helmet'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fp from 'fastify-plugin'
import type { TSchema } from 'typebox'
import { ErrorBody } from '../errors.ts'
import { BarSeries, HistoricalSeries } from '../market/bar.ts'
import { CacheStats } from '../market/cache-stats.ts'
import { Completeness } from '../market/completeness.ts'
import { CorporateActions } from '../market/corporate-action.ts'
import { Explanation } from '../market/explanation.ts'
import { Fundamentals } from '../market/fundamentals.ts'
import { CandlePatterns } from '../market/candle-pattern.ts'
import { IndicatorSeries, IndicatorSet } from '../market/indicator.ts'
import { Histories } from '../market/histories.ts'
import { MarketStatus } from '../market/market-status.ts'
import { GapPage } from '../market/gap.ts'
import { AuditPage, DifferencePage } from '../market/stored-audit.ts'
import { BboPage } from '../market/stored-bbo.ts'
import { HaltPage } from '../market/stored-halt.ts'
import { Indices, Movers, Sectors } from '../market/market-wide.ts'
import { News, StoryPage } from '../market/news.ts'
import { OptionChain } from '../market/option-chain.ts'
import { Overview } from '../market/overview.ts'
import { Profile } from '../market/profile.ts'
import { ProviderStatus } from '../market/provider-status.ts'
import { QuoteProvenance } from '../market/quote-provenance.ts'
import { Quote } from '../market/quote.ts'
import { Quotes } from '../market/quotes.ts'
import { SearchResult } from '../market/search.ts'
import { Sentiment } from '../market/sentiment.ts'
import { Stock, StockPage, StockPrice } from '../market/stock.ts'
import { Instrument, InstrumentDetails, InstrumentPage, SymbolPage } from '../market/instrument.ts'
import { StoreStats } from '../market/store-stats.ts'
import { DailyOhlc, LatestBarPage, StoredBarPage } from '../market/stored-bar.ts'
import { LatestTick, TickPage } from '../market/stored-tick.ts'
import { BrokerStatus } from '../market/stream-report.ts'
import { completeDocument } from './openapi-document.ts'

/** Shapes that routes refer to by their `$id`, as `Type.Ref('Quote#')`. */
const SHARED: readonly TSchema[] = [
  ErrorBody,
  QuoteProvenance,
  Quote,
  Quotes,
  BarSeries,
  HistoricalSeries,
  Histories,
  Profile,
  News,
  StoryPage,
  SearchResult,
  Fundamentals,
  CorporateActions,
  OptionChain,
  IndicatorSeries,
  IndicatorSet,
  CandlePatterns,
  Indices,
  Sectors,
  Movers,
  Sentiment,
  MarketStatus,
  Overview,
  StoredBarPage,
  LatestBarPage,
  DailyOhlc,
  TickPage,
  LatestTick,
  BboPage,
  GapPage,
  AuditPage,
  DifferencePage,
  HaltPage,
  Completeness,
  StoreStats,
  Instrument,
  InstrumentDetails,
  Stock,
  StockPage,
  StockPrice,
  InstrumentPage,
  SymbolPage,
  BrokerStatus,
  ProviderStatus,
  Explanation,
  CacheStats
]

/** A shape inside a shape becomes a reference, so that each stands in the document once. */
function withReferences(schema: TSchema): object {
  const root: unknown = schema
  return JSON.parse(
    JSON.stringify(schema, (_key, part: { $id?: string } | null) => {
      return part !== root && typeof part?.$id === 'string' ? { $ref: `${part.$id}#` } : part
    })
  ) as object
}

const ICON = readFileSync(join(import.meta.dirname, '../console/icon.svg'))

const DESCRIPTION = `Quotes, history, profiles, news and search from several vendors, each value with where it comes from.

Send an API key as \`Authorization: Bearer <key>\` or as \`X-API-Key: <key>\`. For a browser, exchange it for a token that
lives some minutes at \`POST /api/v1/auth/token\`, and send that as \`Authorization: Bearer <token>\`.
The live protocol is at [/docs/live](/docs/live); agents find tools at \`POST /mcp\`, and language models \`/llms.txt\`.
Every error has the one body \`ErrorBody\`; \`429\` and \`503\` say in \`Retry-After\` when to come back.`

/** The OpenAPI 3.1 document, made from the routes' own schemas: at /openapi.json, and as a page at /docs. */
export const openapi = fp(
  async (app) => {
    for (const schema of SHARED) app.addSchema(withReferences(schema))
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'Quotewire', version: '1', description: DESCRIPTION, license: { name: 'MIT' } },
        tags: [
          { name: 'market', description: 'Scope market:read' },
          { name: 'auth', description: 'Tokens, and who one is' },
          { name: 'admin', description: 'Scopes admin:read and admin:write' },
          { name: 'operations', description: 'Health, metrics, and how vendors, streams and stores are' }
        ],
        components: {
          securitySchemes: {
            bearer: {
              type: 'http',
              scheme: 'bearer',
              description: 'An API key (`qw_…`), or a token exchanged for one'
            },
            apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key (`qw_…`)' }
          }
        }
      },
      transformObject: completeDocument,
      refResolver: {
        buildLocalReference: (schema, _base, _fragment, index) =>
          typeof schema.$id === 'string' ? schema.$id : `shape-${index}`
      }
    })
    await app.register(async (pages) => {
      pages.decorate('defaultAccess', 'none')
      await pages.register(helmet, {
        contentSecurityPolicy: {
          directives: { 'style-src': ["'self'"], 'font-src': ["'self'"], 'upgrade-insecure-requests': null }
        },
        hsts: false // for the proxy that ends TLS: it would bind every subdomain
      })
      const icon = { filename: 'icon.svg', rel: 'icon', sizes: 'any', type: 'image/svg+xml', content: ICON }
      await pages.register(swaggerUi, {
        routePrefix: '/docs',
        theme: { title: 'Quotewire API', favicon: [icon] },
        // Without the bar that carries another product's name.
        uiConfig: { layout: 'BaseLayout' }
      })
      let document: string | undefined
      pages.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
        reply.type('application/json; charset=utf-8').send((document ??= JSON.stringify(app.swagger())))
      )
    })
  },
  { name: 'openapi', dependencies: ['gate'] }
)
