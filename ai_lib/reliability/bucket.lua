-- The arithmetic of bucket.py, step by step, inside Redis: nobody may come between the parts of one decision.
-- KEYS[1] is the limit; ARGV[1] the operation, its arguments and the limit's numbers, as JSON.
local asked = cjson.decode(ARGV[1])
local FLOOR, DECREASE, INCREASE, ONE_EVENT = unpack(asked.constants)
local buckets, operation, args = asked.buckets, asked.operation, asked.arguments
local now = asked.now
if now == cjson.null then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1e6
end
local raw = redis.call('GET', KEYS[1])
local state = raw and cjson.decode(raw)
if not state or #state.levels ~= #buckets then
  state = {levels = {}, at = now, factor = asked.initial, paused_until = 0, slowed_at = -ONE_EVENT}
  for i, bucket in ipairs(buckets) do state.levels[i] = bucket.capacity end
end
local passed = math.max(0, now - state.at)
for i, bucket in ipairs(buckets) do
  state.levels[i] = math.min(bucket.capacity, state.levels[i] + passed * bucket.rate * state.factor)
end
state.at = now

local result = 0
if operation == 'reserve' then
  local amounts, longest = args[1], args[2]
  local wait = math.max(0, state.paused_until - now)
  for i, bucket in ipairs(buckets) do
    local missing = math.min(amounts[i], bucket.capacity) - state.levels[i]
    if missing > 1e-9 then wait = math.max(wait, missing / (bucket.rate * state.factor)) end
  end
  local taken = longest == cjson.null or wait <= longest
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
  if asked.adaptive and now - state.slowed_at >= ONE_EVENT then
    state.factor = math.max(FLOOR, state.factor * DECREASE)
    state.slowed_at = now
  end
  result = state.factor
elseif operation == 'succeed' then
  state.factor = math.min(1, state.factor + INCREASE)
  result = state.factor
elseif operation == 'learn' then
  for i in ipairs(buckets) do
    local left = args[1][i]
    if left ~= cjson.null then state.levels[i] = math.min(state.levels[i], left) end
  end
  state.paused_until = math.max(state.paused_until, now + args[2])
elseif operation == 'paused' then
  result = math.max(0, state.paused_until - now)
end

-- cjson would write 14 digits, and a time in seconds since 1970 needs more to tell milliseconds.
local function exact(number) return string.format('%.17g', number) end
local levels = {}
for i, level in ipairs(state.levels) do levels[i] = exact(level) end
local fields = {'"levels":[' .. table.concat(levels, ',') .. ']'}
for _, name in ipairs({'at', 'factor', 'paused_until', 'slowed_at'}) do
  fields[#fields + 1] = '"' .. name .. '":' .. exact(state[name])
end
local text = '{' .. table.concat(fields, ',') .. '}'
redis.call('SET', KEYS[1], text, 'EX', asked.keep)
if operation == 'reserve' then
  return '[' .. exact(result[1]) .. ',' .. tostring(result[2]) .. ',' .. exact(result[3]) .. ']'
end
return exact(result)
