--[[
Spends in all of a provider's windows or in none.

KEYS[1]     until when the provider is closed
KEYS[2]     until when the provider told us to leave it closed
KEYS[3]     its probes, a hash of the last one's instant and how many there were
KEYS[4...]  one per window: a count of requests, or a set of symbols
then, where a user asks, one per window: how much of it that user spent

ARGV[1]     now
ARGV[2]     check: spend where everything allows it
            probe: the same, but heed a closure only where the provider told it, and heed the pace of probes
            record: book what was spent while Redis could not be reached, without any check
ARGV[3]     requests to spend
ARGV[4]     number of windows
ARGV[5]     milliseconds between probes
ARGV[6]     after so many probes
ARGV[7]       milliseconds between them become so many
ARGV[8]     milliseconds that probes are remembered
ARGV[9...]  five per window: requests or symbols; its ceiling (of record: the requests to book); when it ends; milliseconds
            that its key is kept; the share of one user
then the symbols that the request names

A user's first purchase in a window is not refused for the share: it may be smaller than what one call costs.

Returns { verdict, until, used of each window }. The verdict is ok, closed, full (a window is) or share (the user's is spent);
until is when it may be tried again. Instants are epoch milliseconds.
]]
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
