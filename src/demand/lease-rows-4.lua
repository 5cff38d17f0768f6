--[[
Ends what lapsed in a leased table, then does what a holder asks. A holder's rows last as long as it comes back in time, by
the clock of this Redis. Each change has the next number, so that a reader notices what it missed.

KEYS[1]  the holders, scored by when their leases lapse, epoch milliseconds
KEYS[2]  the changes, a stream; an entry's id is its number: kind, holder, then fields and values
KEYS[3]  the number of the newest change
KEYS[4]  the holder's rows, a hash; `#` is how often it told, `#partial` is there while it tells them all
ARGV[1]  what the keys of all holders' rows begin with
ARGV[2]  how many changes are kept, about
ARGV[3]  what the holder asks for:
           look    nothing; there need be no holder
           gone    its end
           anew    its rows, of which those that follow are the first
           change  rows to be set and removed; without any, to be kept alive
           whole   it has told all of its rows
ARGV[4]  the holder
ARGV[5]  how long it lives without coming back, milliseconds
ARGV[6]  how often it told before, as it was answered; anything with `anew`
ARGV[7]  fields and values in turn; an empty value removes

Returns for `look` and `gone` the number of the newest change. For all else how often the holder has told, or 0 where its
rows are not what it told before: then it must tell all anew.
]]
local holders, changes, newest, rows = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local prefix, kept, kind, holder, lifeMs, told = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function publish(...)
  local number = redis.call('INCR', newest)
  if number == 1 then
    -- Nothing is known of a time before: no number may come again that a reader has seen.
    number = time[1] * 1000000 + time[2]
    redis.call('SET', newest, string.format('%.0f', number))
  end
  redis.call('XADD', changes, 'MAXLEN', '~', kept, string.format('%.0f-0', number), ...)
end

if kind == 'gone' then redis.call('ZADD', holders, 'XX', 0, holder) end
for _, lapsed in ipairs(redis.call('ZRANGEBYSCORE', holders, '-inf', now)) do
  redis.call('ZREM', holders, lapsed)
  redis.call('DEL', prefix .. lapsed)
  publish('gone', lapsed)
end
if kind == 'look' or kind == 'gone' then return tonumber(redis.call('GET', newest) or '0') end

if kind == 'anew' then
  redis.call('DEL', rows)
  redis.call('HSET', rows, '#partial', '1')
elseif redis.call('HGET', rows, '#') ~= told then
  return 0
end
if kind == 'whole' then redis.call('HDEL', rows, '#partial') end

local row = {}
for at = 7, #ARGV, 2 do
  row[#row + 1] = ARGV[at]
  row[#row + 1] = ARGV[at + 1]
  if ARGV[at + 1] == '' then
    redis.call('HDEL', rows, ARGV[at])
  else
    redis.call('HSET', rows, ARGV[at], ARGV[at + 1])
  end
end
local times = told
if kind ~= 'change' or #row > 0 then
  times = redis.call('HINCRBY', rows, '#', 1)
  publish(kind, holder, unpack(row))
end
redis.call('ZADD', holders, now + lifeMs, holder)
redis.call('PEXPIRE', rows, lifeMs * 10)
return tonumber(times)
