import type { Page } from './router.ts'

/** Every page of the console. A page's code is loaded when somebody first goes there. */
export const PAGES: readonly Page[] = [
  {
    pattern: /^\/$/,
    element: 'qw-overview',
    title: () => 'Market overview',
    load: () => import('./pages/overview.ts')
  },
  {
    pattern: /^\/watchlist$/,
    element: 'qw-watchlist',
    title: () => 'Watchlist',
    load: () => import('./pages/watchlist.ts')
  },
  {
    pattern: /^\/symbols\/(?<symbol>[^/]+)$/,
    element: 'qw-symbol',
    title: ({ symbol = '' }) => symbol,
    load: () => import('./pages/symbol.ts')
  },
  {
    pattern: /^\/operations$/,
    element: 'qw-operations',
    title: () => 'Operations',
    load: () => import('./pages/operations.ts')
  },
  { pattern: /^\/about$/, element: 'qw-about', title: () => 'About', load: () => import('./pages/about.ts') },
  { pattern: /^\/sign-in$/, element: 'qw-sign-in', title: () => 'Sign in', load: () => import('./pages/sign-in.ts') }
]
