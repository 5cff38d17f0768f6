import type { Static, TSchema } from 'typebox'
import { Default, Errors } from 'typebox/value'
import { Environment } from './environment.ts'
import type { BudgetWindow } from '../gateway/budget.ts'
import { budgetIn } from './budgets.ts'
import { hostNamesIn } from './host-names.ts'
import { licencesIn } from './licences.ts'
import { kafkaConfig, type KafkaConfig } from './kafka.ts'
import { masterConfig, type MasterConfig } from './masters.ts'
import { misspeltSettings, misspeltText } from './misspelt-settings.ts'
import { parseOrigins } from './origins.ts'
import { selectionConfig, type SelectionConfig } from './selection.ts'
import { streamConfig, type StreamConfig } from './streams.ts'
import type { LicenceBySource } from '../market/licence.ts'
import { CAPABILITIES, PROVIDER_NAMES, type Capability, type ProviderName } from '../providers/provider.ts'

export type ProviderConfig = {
  readonly baseUrl: string | undefined
  /** Undefined where the vendor needs none, or where the operator gave none: then the provider is off. */
  readonly apiKey: string | undefined
  readonly needsKey: boolean
  readonly plan: 'standard' | 'free'
  readonly budget: readonly BudgetWindow[]
}

export type Config = Readonly<Static<typeof Environment>> & {
  readonly corsOrigins: readonly string[]
  /** The names by which agents may reach /mcp, as `URL.hostname` spells them. */
  readonly mcpHosts: readonly string[]
  /** A line for each variable that is no setting, but was probably meant as one. */
  readonly misspelt: readonly string[]
  /** How often quotes that clients follow are renewed. */
  readonly quoteRefreshMs: number
  readonly providers: Readonly<Record<ProviderName, ProviderConfig>>
  readonly streams: StreamConfig
  readonly masters: MasterConfig
  readonly selection: SelectionConfig
  /** What each vendor allows to be done with its values. */
  readonly licences: LicenceBySource
  /** Undefined where the event log is in Redis. */
  readonly kafka: KafkaConfig | undefined
  /** Who is asked first, per capability. */
  readonly order: Readonly<Record<Capability, readonly ProviderName[]>>
}

/** The environment does not describe a server that can start. Names every variable at fault, never a value. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The configuration has ${problems.length} problem(s):\n${problems.map((each) => `  ${each}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** Published free-plan quotas age fast: every one can be overridden by its *_LIMITS variable. */
const BUDGETS = {
  yahoo: { standard: '2000/minute, 100000/day', free: '2000/minute, 100000/day' },
  fmp: { standard: '250/minute, 10000/day', free: '250/minute, 250/day' },
  'alpha-vantage': { standard: '5/minute, 500/day', free: '1/second, 25/day' },
  tiingo: { standard: '1000/minute, 50000/day', free: '50/hour, 1000/day, 500 symbols/month' }
} as const
/** Simulated Yahoo is asked every other second, and its days cost nobody anything. */
const SIMULATED_YAHOO_LIMITS = '2000/minute'

/** Real vendors are not asked more often than it takes to keep a quote within its minute; a demonstration has to move. */
const QUOTE_REFRESH_SECONDS = { live: 30, sandbox: 2 } as const

/**
 * Reads and checks the environment, once at the start of each process.
 * An empty variable counts as absent. Throws ConfigError listing all problems by name.
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const problems: string[] = []
  const given = Object.fromEntries(
    Object.entries<Variable>(Environment.properties).flatMap(([name, variable]) => {
      const text = env[name]?.trim()
      return text ? [[name, valueOf(text, variable)]] : []
    })
  )
  const values = Default(Environment, given) as Static<typeof Environment>
  for (const [name, variable] of Object.entries<Variable>(Environment.properties)) {
    const problem = problemOf(values[name as keyof typeof values], variable)
    if (problem) problems.push(`${name} ${problem}`)
  }
  const { origins: corsOrigins, problems: wrongOrigins } = parseOrigins(values.CORS_ORIGINS)
  problems.push(...wrongOrigins.map((problem) => `CORS_ORIGINS ${problem}`))
  const mcpHosts = hostNamesIn(values.MCP_ALLOWED_HOSTS, values.HOST, problems)

  const sandboxed = values.MARKET === 'sandbox'
  const vendor = (
    name: ProviderName,
    prefix: 'YAHOO' | 'FMP' | 'ALPHA_VANTAGE' | 'TIINGO',
    apiKey?: string
  ): ProviderConfig => {
    const plan = prefix === 'YAHOO' ? 'standard' : values[`${prefix}_PLAN`]
    const simulated = sandboxed && prefix === 'YAHOO' ? SIMULATED_YAHOO_LIMITS : undefined
    return {
      baseUrl:
        values[`${prefix}_BASE_URL`] ?? (sandboxed ? `${values.SANDBOX_URL.replace(/\/$/, '')}/${name}` : undefined),
      apiKey: sandboxed ? 'sandbox' : apiKey,
      needsKey: prefix !== 'YAHOO',
      plan,
      budget: budgetIn(`${prefix}_LIMITS`, values[`${prefix}_LIMITS`] ?? simulated ?? BUDGETS[name][plan], problems)
    }
  }
  const providers = {
    yahoo: vendor('yahoo', 'YAHOO'),
    fmp: vendor('fmp', 'FMP', values.FINANCIAL_MODELING_PREP_API_KEY),
    'alpha-vantage': vendor('alpha-vantage', 'ALPHA_VANTAGE', values.ALPHA_VANTAGE_API_KEY),
    tiingo: vendor('tiingo', 'TIINGO', values.TIINGO_API_KEY)
  }
  const order = parseOrder(values.PROVIDER_ORDER, values.PROVIDER_ORDER_BY_CAPABILITY, problems)
  const streams = streamConfig(values, problems)
  const kafka = kafkaConfig(values, problems)
  const masters = masterConfig(values, problems)
  const selection = selectionConfig(values, problems)
  const licences = licencesIn(values.LICENCES, problems)
  if (values.JWKS_URL && !values.JWKS_ISSUER) problems.push('JWKS_ISSUER must be set together with JWKS_URL')

  if (problems.length > 0) throw new ConfigError(problems)
  const misspelt = misspeltSettings(env).map(misspeltText)
  const quoteRefreshMs = (values.QUOTE_REFRESH_SECONDS ?? QUOTE_REFRESH_SECONDS[values.MARKET]) * 1000
  const sources = { providers, streams, masters, selection, licences }
  return Object.freeze({ ...values, corsOrigins, mcpHosts, misspelt, quoteRefreshMs, ...sources, kafka, order })
}

/** What is read here of a variable's schema. */
type Variable = TSchema & { readonly type?: string; readonly examples?: readonly string[] }

/** A number or a switch; the text itself where it is none, or a text is wanted. */
function valueOf(text: string, { type }: Variable): unknown {
  if (type === 'integer' || type === 'number') return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : text
  if (type === 'boolean') return /^(true|1)$/i.test(text) || (/^(false|0)$/i.test(text) ? false : text)
  return text
}

/** The first thing that is wrong with a variable's value. */
function problemOf(value: unknown, variable: Variable): string | undefined {
  if (value === undefined) return undefined
  const { type = '', examples } = variable
  const [error] = Errors(variable, value)
  if (!error) return examples && typeof value === 'string' ? problemOfAddress(value) : undefined
  if (error.keyword === 'enum') return `must be one of ${error.params.allowedValues.join(', ')}`
  if (error.keyword === 'pattern') return `must be a URL like ${examples?.[0]}`
  return error.keyword === 'type' ? `must be ${TYPES[type]}` : error.message
}

const TYPES: Record<string, string> = { integer: 'a whole number', number: 'a number', boolean: 'true or false' }

/** What the form of an address does not tell. Whatever reads it later would tell it beside the password in it. */
function problemOfAddress(text: string): string | undefined {
  if (!URL.canParse(text)) {
    return 'cannot be read as a URL; in a password, # is written %23, / is %2F, ? is %3F and % is %25'
  }
  const { protocol, host, pathname } = new URL(text)
  if (host.includes(',')) return 'must name one host'
  if (/^rediss?:$/.test(protocol) && !/^\/?\d*$/.test(pathname))
    return 'must end with the number of a database, like /0'
  return undefined
}

function parseOrder(all: string, byCapability: string, problems: string[]): Config['order'] {
  const names = (text: string, variable: string): ProviderName[] => {
    const named = text.split(',').flatMap((part) => {
      const name = PROVIDER_NAMES.find((each) => each === part.trim())
      if (name) return [name]
      problems.push(`${variable} names a provider that does not exist; there are ${PROVIDER_NAMES.join(', ')}`)
      return []
    })
    if (new Set(named).size < named.length) problems.push(`${variable} names a provider twice`)
    return named
  }
  const common = names(all, 'PROVIDER_ORDER')
  const order = Object.fromEntries(CAPABILITIES.map((capability) => [capability, common]))
  for (const entry of byCapability.split(';').filter((part) => part.trim())) {
    const [capability = '', list = ''] = entry.split('=').map((part) => part.trim())
    if (Object.hasOwn(order, capability)) order[capability] = names(list, 'PROVIDER_ORDER_BY_CAPABILITY')
    else problems.push(`PROVIDER_ORDER_BY_CAPABILITY must be capability=provider,...; of ${CAPABILITIES.join(', ')}`)
  }
  return order as Record<Capability, ProviderName[]>
}
