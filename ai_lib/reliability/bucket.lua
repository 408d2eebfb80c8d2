-- The arithmetic of bucket.py, step by step, inside Redis, so that each decision is atomic.
-- KEYS[1] is the limit; ARGV[1] the operation, its arguments and the limit's numbers, as JSON.
local request = cjson.decode(ARGV[1])
local FLOOR, DECREASE, INCREASE, ONE_EVENT = unpack(request.constants)
local buckets, operation, args = request.buckets, request.operation, request.arguments
local now = request.now
if now == cjson.null then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1e6
end
local raw = redis.call('GET', KEYS[1])
local state = raw and cjson.decode(raw)
if not state or #state.levels ~= #buckets then
  state = {levels = {}, at = now, factor = request.initial, paused_until = 0, slowed_at = -ONE_EVENT}
  for i, bucket in ipairs(buckets) do state.levels[i] = bucket.capacity end
end
local passed = math.max(0, now - state.at)
for i, bucket in ipairs(buckets) do
  state.levels[i] = math.min(bucket.capacity, state.levels[i] + passed * bucket.rate * state.factor)
end
state.at = now

local result = 0
if operation == 'reserve' then
  local amounts, max_wait = args[1], args[2]
  local wait = math.max(0, state.paused_until - now)
  for i, bucket in ipairs(buckets) do
    local missing = math.min(amounts[i], bucket.capacity) - state.levels[i]
    if missing > 1e-9 then wait = math.max(wait, missing / (bucket.rate * state.factor)) end
  end
  local taken = max_wait == cjson.null or wait <= max_wait
  if taken then
    for i in ipairs(buckets) do state.levels[i] = state.levels[i] - amounts[i] end
  end
  result = {wait, taken, state.factor}
elseif operation == 'credit' then
  for i, bucket in ipairs(buckets) do
    state.levels[i] = math.min(bucket.capacity, state.levels[i] + args[1][i])
  end
elseif operation == 'throttle' then
  state.paused_until = math.max(state.paused_until, now + args[1])
  if request.adaptive and now - state.slowed_at >= ONE_EVENT then
    state.factor = math.max(FLOOR, state.factor * DECREASE)
    state.slowed_at = now
  end
  result = state.factor
elseif operation == 'speed_up' then
  state.factor = math.min(1, state.factor + INCREASE)
  result = state.factor
elseif operation == 'adopt' then
  for i in ipairs(buckets) do
    local left = args[1][i]
    if left ~= cjson.null then state.levels[i] = math.min(state.levels[i], left) end
  end
  state.paused_until = math.max(state.paused_until, now + args[2])
elseif operation == 'pause' then
  result = math.max(0, state.paused_until - now)
end

-- cjson would write 14 digits, and a time in seconds since 1970 needs more to keep its milliseconds.
local function exact(number) return string.format('%.17g', number) end
local levels = {}
for i, level in ipairs(state.levels) do levels[i] = exact(level) end
local fields = {'"levels":[' .. table.concat(levels, ',') .. ']'}
for _, name in ipairs({'at', 'factor', 'paused_until', 'slowed_at'}) do
  fields[#fields + 1] = '"' .. name .. '":' .. exact(state[name])
end
local text = '{' .. table.concat(fields, ',') .. '}'
redis.call('SET', KEYS[1], text, 'EX', request.keep)
if operation == 'reserve' then
  return '[' .. exact(result[1]) .. ',' .. tostring(result[2]) .. ',' .. exact(result[3]) .. ']'
end
return exact(result)
