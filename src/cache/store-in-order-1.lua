--[[
Stores an entry unless one is there that comes after it.

KEYS[1]  the entry's key
ARGV[1]  the entry, which begins with {"order":[...]}
ARGV[2]  its order: numbers joined by commas, compared one by one
ARGV[3]  how long it is kept, milliseconds

Returns 1 where it was stored, 0 where the entry that is there comes after it.
]]
local held = redis.call('GET', KEYS[1])
local heldOrder = held and string.match(held, '^{"order":%[([^%]]*)%]')
if heldOrder then
  local nextNumber = string.gmatch(ARGV[2], '[^,]+')
  for number in string.gmatch(heldOrder, '[^,]+') do
    local difference = tonumber(nextNumber()) - tonumber(number)
    if difference < 0 then return 0 end
    if difference > 0 then break end
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
