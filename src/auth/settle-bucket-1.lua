--[[
Takes what a process spent from the bucket that all share, which refills evenly on the clock of Redis. What was overspent
is a debt that refills first.

KEYS[1]  the bucket, a hash of tokens and the instant (epoch milliseconds) that they were counted at
ARGV[1]  how many tokens a full bucket holds
ARGV[2]  how many tokens the process spent
ARGV[3]  how long an empty bucket takes to be full, milliseconds
ARGV[4]  the greatest debt that is kept, in full buckets

Returns the tokens that are left, as text: they may be a fraction, or below zero.
]]
local limit, spent, refillMs = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = limit
if held[1] then
  tokens = math.min(limit, tonumber(held[1]) + math.max(0, now - tonumber(held[2])) * limit / refillMs)
end
tokens = math.min(limit, math.max(-limit * tonumber(ARGV[4]), tokens - spent))
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], math.ceil((limit - tokens) / limit * refillMs) + refillMs)
return tostring(tokens)
