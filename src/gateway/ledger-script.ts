import { script } from './shared-redis.ts'

/**
 * Spends in all of a provider's windows or in none.
 *
 * KEYS: until when the provider is closed; until when it told us to leave it closed; its probes; then one per window;
 * where a user asks, another one per window for what that user spent.
 * ARGV: now, `check`, `probe` or `record`, requests, number of windows; everyMs, burst and spreadMs of probes, and how long
 * they are remembered; per window: unit, ceiling, resetsAt, ttl, a user's share; then the symbols that the
 * request names.
 * `probe` heeds a closure only where the vendor told it, and the pace of probes.
 * `record` skips every check: it books what was spent while Redis could not be reached, and its requests are given per
 * window in place of the ceiling.
 * A user's first purchase in a window is not refused for the share: it may be smaller than what one call costs.
 * Returns { 'ok' | 'closed' | 'full' | 'share', until, used of each window }; instants are epoch milliseconds.
 */
const SPEND = `
local now, mode, requests, windows = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local checking = mode ~= 'record'
local firstWindow, firstKey = 9, 3
local firstSymbol = firstWindow + windows * 5
local hasUser = #KEYS > firstKey + windows
local used, cost, fullUntil, shareUntil = {}, {}, 0, 0

for i = 1, windows do
  local at, key = firstWindow + (i - 1) * 5, KEYS[firstKey + i]
  local unit, ceiling = ARGV[at], tonumber(ARGV[at + 1])
  if unit == 'requests' then
    used[i] = tonumber(redis.call('GET', key) or '0')
    cost[i] = checking and requests or ceiling
  else
    used[i] = redis.call('SCARD', key)
    cost[i] = 0
    for s = firstSymbol, #ARGV do
      if redis.call('SISMEMBER', key, ARGV[s]) == 0 then cost[i] = cost[i] + 1 end
    end
  end
  if checking and cost[i] > 0 and used[i] + cost[i] > ceiling then
    fullUntil = math.max(fullUntil, tonumber(ARGV[at + 2]))
  end
  if checking and hasUser and cost[i] > 0 then
    local spent = tonumber(redis.call('GET', KEYS[firstKey + windows + i]) or '0')
    if spent > 0 and spent + cost[i] > tonumber(ARGV[at + 4]) then
      shareUntil = math.max(shareUntil, tonumber(ARGV[at + 2]))
    end
  end
end

if checking then
  local closedUntil = tonumber(redis.call('GET', mode == 'probe' and KEYS[2] or KEYS[1]) or '0')
  if closedUntil > now then return { 'closed', closedUntil, unpack(used) } end
  if fullUntil > 0 then return { 'full', fullUntil, unpack(used) } end
  if shareUntil > 0 then return { 'share', shareUntil, unpack(used) } end
end
if mode == 'probe' then
  local probedAt, probes = unpack(redis.call('HMGET', KEYS[3], 'at', 'probes'))
  local waitMs = tonumber(probes or '0') < tonumber(ARGV[6]) and ARGV[5] or ARGV[7]
  local dueAt = tonumber(probedAt or '0') + tonumber(waitMs)
  if dueAt > now then return { 'closed', dueAt, unpack(used) } end
  redis.call('HSET', KEYS[3], 'at', ARGV[1])
  redis.call('HINCRBY', KEYS[3], 'probes', 1)
  redis.call('PEXPIRE', KEYS[3], ARGV[8])
end

for i = 1, windows do
  local at, key = firstWindow + (i - 1) * 5, KEYS[firstKey + i]
  if cost[i] > 0 then
    if ARGV[at] == 'requests' then
      redis.call('INCRBY', key, cost[i])
    else
      for s = firstSymbol, #ARGV do redis.call('SADD', key, ARGV[s]) end
    end
    redis.call('PEXPIRE', key, ARGV[at + 3])
    if hasUser then
      redis.call('INCRBY', KEYS[firstKey + windows + i], cost[i])
      redis.call('PEXPIRE', KEYS[firstKey + windows + i], ARGV[at + 3])
    end
    used[i] = used[i] + cost[i]
  end
end
return { 'ok', 0, unpack(used) }
`

/** Closes a provider until an instant, unless it is closed for longer already. KEYS: closures. ARGV: until, ttl. */
const CLOSE = `
local until_ = tonumber(ARGV[1])
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') < until_ then redis.call('SET', key, ARGV[1], 'PX', ARGV[2]) end
end
return 1
`

export const spendScript = script(SPEND)
export const closeScript = script(CLOSE)
