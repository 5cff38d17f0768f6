--[[
Replaces the log's epoch unless somebody else did.

KEYS[1]  the epoch
ARGV[1]  the one that the caller knows
ARGV[2]  the new one

Returns the epoch that is in force.
]]
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return held end
redis.call('SET', KEYS[1], ARGV[2])
return ARGV[2]
