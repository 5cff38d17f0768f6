import { script } from './shared-redis.ts'

/**
 * Spends in all of a provider's windows or in none.
 *
 * KEYS: when the provider is closed until, then one per window.
 * ARGV: now, `check` or `record`, requests, number of windows; per window: unit, ceiling, resetsAt, ttl;
 * then the symbols that the request names.
 * `record` skips every check: it books what was spent while Redis could not be reached, and its requests are given per
 * window in place of the ceiling.
 * Returns { 'ok' | 'closed' | 'full', until, used of each window }; instants are epoch milliseconds.
 */
const SPEND = `
local now, checking, requests, windows = tonumber(ARGV[1]), ARGV[2] == 'check', tonumber(ARGV[3]), tonumber(ARGV[4])
local firstSymbol = 5 + windows * 4
local used, cost, fullUntil = {}, {}, 0

for i = 1, windows do
  local at = 5 + (i - 1) * 4
  local unit, ceiling = ARGV[at], tonumber(ARGV[at + 1])
  if unit == 'requests' then
    used[i] = tonumber(redis.call('GET', KEYS[i + 1]) or '0')
    cost[i] = checking and requests or ceiling
  else
    used[i] = redis.call('SCARD', KEYS[i + 1])
    cost[i] = 0
    for s = firstSymbol, #ARGV do
      if redis.call('SISMEMBER', KEYS[i + 1], ARGV[s]) == 0 then cost[i] = cost[i] + 1 end
    end
  end
  if checking and cost[i] > 0 and used[i] + cost[i] > ceiling then
    fullUntil = math.max(fullUntil, tonumber(ARGV[at + 2]))
  end
end

local closedUntil = tonumber(redis.call('GET', KEYS[1]) or '0')
if checking and closedUntil > now then return { 'closed', closedUntil, unpack(used) } end
if fullUntil > 0 then return { 'full', fullUntil, unpack(used) } end

for i = 1, windows do
  local at = 5 + (i - 1) * 4
  if cost[i] > 0 then
    if ARGV[at] == 'requests' then
      redis.call('INCRBY', KEYS[i + 1], cost[i])
    else
      for s = firstSymbol, #ARGV do redis.call('SADD', KEYS[i + 1], ARGV[s]) end
    end
    redis.call('PEXPIRE', KEYS[i + 1], ARGV[at + 3])
    used[i] = used[i] + cost[i]
  end
end
return { 'ok', 0, unpack(used) }
`

/** Closes a provider until an instant, unless it is closed for longer already. KEYS: closed. ARGV: until, ttl. */
const CLOSE = `
local until_ = tonumber(ARGV[1])
if tonumber(redis.call('GET', KEYS[1]) or '0') < until_ then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 1
`

export const spendScript = script(SPEND)
export const closeScript = script(CLOSE)
