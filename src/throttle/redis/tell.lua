-- Counts calls that passed elsewhere, as if they were made now.
-- KEYS[i] is a quota's counter; ARGV holds for each the number of calls and the window in ms.
local time = redis.call('TIME')
local stamp = string.format('%.0f', math.ceil((time[1] * 1000000 + time[2]) / 1000))
for i, key in ipairs(KEYS) do
  redis.call('HINCRBY', key, stamp, ARGV[2 * i - 1])
  redis.call('PEXPIRE', key, ARGV[2 * i] + 2000)
end
