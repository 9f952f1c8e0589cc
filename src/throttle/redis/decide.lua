-- One decision: every check is looked at, then, if each lets the call pass, all are taken. Nothing runs in between.
--
-- KEYS[i] is the counter of check i. ARGV holds five values for each check:
--   'q', calls, window in ms, part in ms, calls that this count does not know of    a quota; the counter is a hash: stamp in ms -> calls
--   'r', calls at once, interval in us, 0, 0                                        a rate; the counter is a time in us
-- Gives 1 or 0 (the call passes or not), then for each check two numbers: calls left and us until more are, or -1 and us to wait.
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now, now_up = math.floor(now_us / 1000), math.ceil(now_us / 1000)
local answer, takes, taken = { 1 }, {}, {}

local function found(i, left, us)
  answer[2 * i], answer[2 * i + 1] = left, math.ceil(us)
  if left < 0 then answer[1] = 0 end
end

local function quota(i, key, calls, span, part, untold)
  local stamp = math.ceil(now_up / part) * part
  local runs, total, gone, late = {}, 0, {}, 0
  local fields = redis.call('HGETALL', key)
  for f = 1, #fields, 2 do
    local at, n = tonumber(fields[f]), tonumber(fields[f + 1])
    if at + span <= now then
      gone[#gone + 1] = fields[f]
    elseif at > stamp + span then
      -- The time of day went back by more than a window: its calls count for a window from now.
      gone[#gone + 1] = fields[f]
      late = late + n
    else
      runs[#runs + 1] = { at, n }
      total = total + n
    end
  end
  if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
  if untold + late > 0 then
    redis.call('HINCRBY', key, string.format('%.0f', stamp), untold + late)
    redis.call('PEXPIRE', key, span + part + 1000)
    runs[#runs + 1] = { stamp, untold + late }
    total = total + untold + late
  end
  if total < calls then
    local first = stamp
    for _, run in ipairs(runs) do first = math.min(first, run[1]) end
    found(i, calls - total - 1, (first + span) * 1000 - now_us)
    takes[#takes + 1] = function()
      redis.call('HINCRBY', key, string.format('%.0f', stamp), 1)
      redis.call('PEXPIRE', key, span + part + 1000)
    end
    return
  end
  table.sort(runs, function(a, b) return a[1] < b[1] end)
  for _, run in ipairs(runs) do
    total = total - run[2]
    if total < calls then return found(i, -1, (run[1] + span) * 1000 - now_us) end
  end
end

-- The generic cell rate algorithm, as governor has it.
local function rate(i, key, burst, interval)
  local whole = burst * interval
  local arrival = math.min(tonumber(redis.call('GET', key) or now_us), now_us + whole)
  local earliest = arrival - (whole - interval)
  if now_us < earliest then return found(i, -1, earliest - now_us) end
  local after = math.max(arrival, now_us) + interval
  local ahead = after - now_us
  local left = math.floor((whole - ahead) / interval)
  found(i, left, ahead - (whole - interval * (left + 1)))
  takes[#takes + 1] = function()
    redis.call('SET', key, string.format('%.0f', after), 'PX', math.ceil(ahead / 1000) + 1)
  end
end

for i, key in ipairs(KEYS) do
  local a = 5 * i - 4
  local n, m = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
  local before = #takes
  if ARGV[a] == 'q' then
    quota(i, key, n, m, tonumber(ARGV[a + 3]), tonumber(ARGV[a + 4]))
  else
    rate(i, key, n, m)
  end
  -- A counter that is named twice counts the call once.
  if taken[key] and #takes > before then takes[#takes] = nil end
  taken[key] = true
end
if answer[1] == 1 then
  for _, take in ipairs(takes) do take() end
end
return answer
