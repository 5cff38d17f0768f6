import { json, type Vendor, type VendorAnswer } from '../vendor.ts'
import type { Accounts } from './accounts.ts'

const AUTHORIZE = '/v3/feed/market-data-feed/authorize'

/** Stands for api.upstox.com: it gives addresses of streams, each good for one connection. */
export function upstox(accounts: Accounts): Vendor {
  return {
    answer({ path, headers }): VendorAnswer {
      if (path !== AUTHORIZE) return problem('UDAPI100060', 'Resource not Found.', 404)
      const [, token = ''] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? []
      const account = accounts.of(token)
      if (!account) return problem('UDAPI100050', 'Invalid token used to access API', 401)
      const address = `ws://${headers.host}/upstox-stream/feeds?requestId=sandbox&code=${accounts.issue(account)}`
      return json({ status: 'success', data: { authorizedRedirectUri: address, authorized_redirect_uri: address } })
    },
    refusals: {
      rate_limited: () => problem('UDAPI10005', 'Too Many Request Sent', 429),
      server_error: () => problem('UDAPI100500', 'Something went wrong... please contact us', 500),
      plan_refused: () => problem('UDAPI100058', 'No segments for these users are active', 403),
      bad_crumb: () => problem('UDAPI100050', 'Invalid token used to access API', 401)
    },
    endpoint: ({ path }) => path
  }
}

function problem(errorCode: string, message: string, status: number): VendorAnswer {
  return json({ status: 'error', errors: [{ errorCode, message, propertyPath: null, invalidValue: null }] }, status)
}
