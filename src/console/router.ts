import { Value } from './value.ts'

/** A page of the console: the element that shows it, and how that is loaded. */
export type Page = {
  /** Of the path; its named groups are decoded and given to the element as `params`. */
  readonly pattern: RegExp
  readonly element: string
  readonly title: (params: Params) => string
  readonly load: () => Promise<unknown>
}
export type Params = Readonly<Record<string, string>>

/** Where somebody is; `page` is undefined where there is nothing at the address. */
export type Place = {
  readonly page: Page | undefined
  readonly params: Params
  readonly path: string
  readonly query: URLSearchParams
}

/** What pages take: the parts of their address, and what stands behind its question mark. */
export interface PageElement extends HTMLElement {
  params: Params
  query: URLSearchParams
}

export const place = new Value<Place>(placeAt([], '/', ''))
let known: readonly Page[] = []

/** The address of a symbol's page, whatever characters the symbol has. */
export const symbolPath = (symbol: string): string => `/symbols/${encodeURIComponent(symbol)}`

/** Follows the address from now on, and the links on the page that lead to one of `pages`. */
export function followAddress(pages: readonly Page[]): void {
  known = pages
  addEventListener('popstate', look)
  document.addEventListener('click', (event) => {
    const link = (event.target as Element).closest('a')
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
    if (!link || !isPlain || event.defaultPrevented || link.target !== '' || link.origin !== location.origin) return
    if (!placeAt(known, link.pathname, '').page) return
    event.preventDefault()
    go(link.pathname + link.search)
  })
  look()
}

/** Goes to an address of the console, and to the top of its page unless only the address of what is shown is another one. */
export function go(path: string, { isReplacing = false } = {}): void {
  if (isReplacing) history.replaceState(null, '', path)
  else if (path !== location.pathname + location.search) history.pushState(null, '', path)
  look()
  if (!isReplacing) scrollTo(0, 0)
}

function look(): void {
  place.set(placeAt(known, location.pathname, location.search))
}

function placeAt(pages: readonly Page[], path: string, search: string): Place {
  const query = new URLSearchParams(search)
  for (const page of pages) {
    const found = page.pattern.exec(path)
    if (!found) continue
    const params: Record<string, string> = {}
    for (const [name, value] of Object.entries(found.groups ?? {})) params[name] = decoded(value)
    return { page, params, path, query }
  }
  return { page: undefined, params: {}, path, query }
}

/** A per cent sign that begins no escape is one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
