import { LATENCY_BOUNDS_SECONDS, type LatencyHistogram } from './latency-histogram.ts'

export type RouteLatency = { readonly method: string; readonly route: string; readonly latency: LatencyHistogram }

const REQUEST_METRIC = 'http_request_duration_seconds'

/** Prometheus text of what the routes counted. */
export function renderRequests(routes: Iterable<RouteLatency>): string {
  const lines = [
    `# HELP ${REQUEST_METRIC} Requests by route and class of status; _count is how many`,
    `# TYPE ${REQUEST_METRIC} histogram`
  ]
  for (const { method, route, latency } of routes) {
    for (const { statusClass, counts, sumSeconds } of latency.read()) {
      const labels = `method="${method}",route="${route}",status="${statusClass}"`
      let total = 0
      counts.forEach((count, index) => {
        total += count
        lines.push(`${REQUEST_METRIC}_bucket{${labels},le="${LATENCY_BOUNDS_SECONDS[index] ?? '+Inf'}"} ${total}`)
      })
      lines.push(`${REQUEST_METRIC}_sum{${labels}} ${sumSeconds}`, `${REQUEST_METRIC}_count{${labels}} ${total}`)
    }
  }
  return `\n${lines.join('\n')}\n`
}
