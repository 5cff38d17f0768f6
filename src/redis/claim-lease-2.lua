--[[
Takes a lease that nobody holds, with a fencing token that is greater than all before: the next number, or the second of
Redis' own clock where its data was lost meanwhile.

KEYS[1]  the lease
KEYS[2]  the last fencing token
ARGV[1]  who takes it
ARGV[2]  how long it lives, milliseconds

Returns {token, holder, milliseconds that the lease lives on}: token 0 where somebody else holds it.
]]
local holder = redis.call('GET', KEYS[1])
if holder then return { 0, holder, redis.call('PTTL', KEYS[1]) } end
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
local token = math.max(last + 1, tonumber(redis.call('TIME')[1]))
redis.call('SET', KEYS[2], string.format('%d', token))
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return { token, ARGV[1], tonumber(ARGV[2]) }
