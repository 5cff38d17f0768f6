--[[
Deletes a lock unless somebody else holds it by now.

KEYS[1]  the lock
ARGV[1]  what its holder wrote into it

Returns 1 where it was deleted, 0 where it is gone or another's.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
