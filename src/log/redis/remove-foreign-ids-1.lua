--[[
Removes rows whose ids somebody else gave, the named one and all beyond what the log can count in, and lets ids follow
the clock of Redis again. Of the log's own rows only those go that were added behind a foreign one and never acknowledged.

KEYS[1]  the stream
ARGV[1]  the id that was noticed
ARGV[2]  the first id beyond what the log can count in
ARGV[3]  the greatest number that the log can count in, as a part of an id

Returns how many rows were removed.
]]
local gone = redis.call('XDEL', KEYS[1], ARGV[1])
local rows
repeat
  rows = redis.call('XRANGE', KEYS[1], ARGV[2], '+', 'COUNT', 100)
  for _, row in ipairs(rows) do gone = gone + redis.call('XDEL', KEYS[1], row[1]) end
until #rows == 0
local info = redis.call('XINFO', 'STREAM', KEYS[1])
local stream = {}
for at = 1, #info, 2 do stream[info[at]] = info[at + 1] end
local ms, seq = string.match(stream['last-generated-id'], '^(%d+)%-(%d+)$')
if #ms <= #ARGV[3] and #seq <= #ARGV[3] then return gone end
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local time = redis.call('TIME')
local now = time[1] .. string.format('%03d', math.floor(time[2] / 1000)) .. '-0'
local added = (stream['entries-added'] or 0) - gone
local function set(id)
  if not stream['entries-added'] then return redis.pcall('XSETID', KEYS[1], id) end
  return redis.pcall('XSETID', KEYS[1], id, 'ENTRIESADDED', added, 'MAXDELETEDID', '0-0')
end
local reply = set(now)
if reply.err and newest then reply = set(newest[1]) end
if reply.err then return redis.error_reply(reply.err) end
return gone
