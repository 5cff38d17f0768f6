--[[
Reads a part of a holder's rows as one text: a client reads a thousand short replies slower than Redis writes them.

KEYS[1]  the rows, a hash
ARGV[1]  where to go on; 0 to begin
ARGV[2]  about how many to read

Returns where to go on (0: that was all), and a JSON array of fields and values in turn. As with HSCAN a row may come twice.
]]
local part = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
if #part[2] == 0 then return { part[1], '[]' } end
return { part[1], cjson.encode(part[2]) }
