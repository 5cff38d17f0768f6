--[[
Closes a provider until an instant, unless it is closed for longer already.

KEYS     until when the provider is closed; where the provider told it, until when it was told
ARGV[1]  the instant, epoch milliseconds
ARGV[2]  how long the keys are kept, milliseconds

Returns nothing.
]]
local closedUntil = tonumber(ARGV[1])
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') < closedUntil then redis.call('SET', key, ARGV[1], 'PX', ARGV[2]) end
end
