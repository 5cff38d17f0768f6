const EXAMPLE = 'https://dashboard.example.com'
/** What a browser sends of a page's address: a scheme, a host, and a port where it is not the scheme's own. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@]+\/?$/i

/** The origins of a comma-separated list, as browsers spell them, and what is wrong with the entries that are none. */
export function parseOrigins(list: string): { origins: string[]; problems: string[] } {
  const entries = list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  const origins: string[] = []
  const problems: string[] = []
  for (const [index, entry] of entries.entries()) {
    const problem = problemOf(entry)
    if (problem) problems.push(`entry ${index + 1} ${problem}`)
    else origins.push(spelled(entry))
  }
  return { origins: [...new Set(origins)], problems }
}

function problemOf(entry: string): string | undefined {
  if (entry.includes('*')) return `has a wildcard, which matches nothing: name each origin, like ${EXAMPLE}`
  if (/\s/.test(entry)) return `has a space in it: put commas between origins, like ${EXAMPLE}`
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(entry)) return `has no scheme: write it like ${EXAMPLE}`
  if (/^wss?:/i.test(entry)) return `must be the address of the page that calls, like ${EXAMPLE}`
  if (!ORIGIN.test(entry)) return `must be a scheme, a host and at most a port, without a path, like ${EXAMPLE}`
  return URL.canParse(entry) ? undefined : `has a host or a port that cannot be: write it like ${EXAMPLE}`
}

/** Lower case, and without the scheme's own port. `URL.origin` is null for schemes of apps and extensions. */
function spelled(entry: string): string {
  const { protocol, host } = new URL(entry)
  return `${protocol}//${host}`
}
