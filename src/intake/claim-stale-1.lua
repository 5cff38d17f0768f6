--[[
Claims the right to tell that a value is stale: the first to ask gets it, and nobody for an older value.

KEYS[1]  the topic's claim
ARGV[1]  when the value was received, epoch milliseconds
ARGV[2]  how long the claim is kept, milliseconds

Returns 1 where the caller is to tell, 0 where somebody told already.
]]
if tonumber(redis.call('GET', KEYS[1]) or '0') >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
