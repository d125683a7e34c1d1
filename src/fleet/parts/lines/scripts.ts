import { script } from "../../redis/script.ts";

/**
 * What BullMQ has no method for, over its own keys: a line's are `<prefix>:<line>:` and `prioritized` (a sorted set whose scores are
 * priority * 2^32 and a count), `wait` (a list, first at its right end: what was put back), `active`, `completed`, and a job's hash
 * and lock. Steps that read first and write then are one script, so that nobody comes between.
 */

/**
 * Notes a job's line before the job is added to it. Keys: lines, used, places. Arguments: prefix, task, job, line, what it is, now.
 * Answer: 0 when the job is there already.
 */
export const enterScript = script(`
local old = redis.call("HGET", KEYS[3], ARGV[2])
if old and redis.call("EXISTS", ARGV[1] .. ":" .. old .. ":" .. ARGV[3]) == 1 then return 0 end
redis.call("HSET", KEYS[3], ARGV[2], ARGV[4])
redis.call("HSET", KEYS[1], ARGV[4], ARGV[5])
redis.call("HSET", KEYS[2], ARGV[4], ARGV[6])
redis.call("HSETNX", ARGV[1] .. ":" .. ARGV[4] .. ":meta", "opts.maxLenEvents", 10)
return 1`);

/**
 * Keys: lines. Arguments: prefix, how names of lines begin. Answer: for each line with something to take its name, what it is, and of its
 * first job id, rank and time; how many wait.
 */
export const firstsScript = script(`
local found = {}
local all = redis.call("HGETALL", KEYS[1])
for i = 1, #all, 2 do
  local line = all[i]
  if string.sub(line, 1, #ARGV[2]) == ARGV[2] then
    local key = ARGV[1] .. ":" .. line .. ":"
    local before = redis.call("LINDEX", key .. "wait", -1)
    local rank = 0
    local id = before
    if not id then
      local first = redis.call("ZRANGE", key .. "prioritized", 0, 0, "WITHSCORES")
      id = first[1]
      if id then rank = math.floor(tonumber(first[2]) / 4294967296) end
    end
    if id then
      local waiting = redis.call("LLEN", key .. "wait") + redis.call("ZCARD", key .. "prioritized")
      local since = redis.call("HGET", key .. id, "timestamp") or "0"
      table.insert(found, { line, all[i + 1], id, rank, since, waiting })
    end
  end
end
return found`);

/** Keys: lines. Argument: prefix. Answer: for each line its name, and of those that wait, in their order, id, rank and time one after the other. */
export const waitingScript = script(`
local found = {}
local lines = redis.call("HKEYS", KEYS[1])
for _, line in ipairs(lines) do
  local key = ARGV[1] .. ":" .. line .. ":"
  local jobs = {}
  local function add(id, rank)
    local since = redis.call("HGET", key .. id, "timestamp")
    if since then
      table.insert(jobs, id)
      table.insert(jobs, rank)
      table.insert(jobs, since)
    end
  end
  local before = redis.call("LRANGE", key .. "wait", 0, -1)
  for i = #before, 1, -1 do add(before[i], 0) end
  local others = redis.call("ZRANGE", key .. "prioritized", 0, -1, "WITHSCORES")
  for i = 1, #others, 2 do add(others[i], math.floor(tonumber(others[i + 1]) / 4294967296)) end
  if #jobs > 0 then table.insert(found, { line, jobs }) end
end
return found`);

/** Keys: lines. Argument: prefix. Answer: id, line, token and time of each job that somebody has. */
export const activeScript = script(`
local found = {}
local lines = redis.call("HKEYS", KEYS[1])
for _, line in ipairs(lines) do
  local key = ARGV[1] .. ":" .. line .. ":"
  for _, id in ipairs(redis.call("LRANGE", key .. "active", 0, -1)) do
    local about = redis.call("HMGET", key .. id, "pb", "processedOn")
    table.insert(found, { id, line, about[1] or "", about[2] or "0" })
  end
end
return found`);

/** Keys: lines. Arguments: prefix, until when. Answer: id, line and result of each job that ended until then, so many of a line at most. */
export const endedScript = script(`
local found = {}
local lines = redis.call("HKEYS", KEYS[1])
for _, line in ipairs(lines) do
  local key = ARGV[1] .. ":" .. line .. ":"
  for _, id in ipairs(redis.call("ZRANGEBYSCORE", key .. "completed", "-inf", ARGV[2], "LIMIT", 0, 100)) do
    table.insert(found, { id, line, redis.call("HGET", key .. id, "returnvalue") or "" })
  end
end
return found`);

/** Keys: places. Arguments: prefix, task, job. Answer: where the job is, its data, its state, its mark, its result. */
export const findScript = script(`
local line = redis.call("HGET", KEYS[1], ARGV[2])
if not line then return { "unknown" } end
local key = ARGV[1] .. ":" .. line .. ":"
local about = redis.call("HMGET", key .. ARGV[3], "data", "progress", "stop", "returnvalue")
if not about[1] then return { "unknown" } end
local place = "waiting"
if redis.call("ZSCORE", key .. "completed", ARGV[3]) then
  place = "ended"
elseif redis.call("LPOS", key .. "active", ARGV[3]) then
  place = "active"
end
return { place, about[1], about[2] or "", about[3] or "", about[4] or "" }`);

/** Keys: places. Arguments: prefix, task, job. Marks a job that has not ended as stopping. Answer: 0 when there is none. */
export const stopScript = script(`
local line = redis.call("HGET", KEYS[1], ARGV[2])
if not line then return 0 end
local key = ARGV[1] .. ":" .. line .. ":"
if redis.call("EXISTS", key .. ARGV[3]) == 0 or redis.call("ZSCORE", key .. "completed", ARGV[3]) then return 0 end
redis.call("HSET", key .. ARGV[3], "stop", 1)
return 1`);

/**
 * Takes a job away where it waits, or ended. Keys: places. Arguments: prefix, task, job, "waiting" or "ended". Answer: 1 when it was taken
 * away, 0 when it is elsewhere, -1 when it is nowhere.
 */
export const dropScript = script(`
local line = redis.call("HGET", KEYS[1], ARGV[2])
if not line then return -1 end
local key = ARGV[1] .. ":" .. line .. ":"
local job = key .. ARGV[3]
local there = redis.call("EXISTS", job) == 1
local dropped = false
if ARGV[4] == "ended" then
  dropped = redis.call("ZREM", key .. "completed", ARGV[3]) == 1
else
  dropped = redis.call("ZREM", key .. "prioritized", ARGV[3]) == 1 or redis.call("LREM", key .. "wait", 0, ARGV[3]) > 0
end
if there and not dropped then return 0 end
redis.call("DEL", job)
redis.call("HDEL", KEYS[1], ARGV[2])
return there and 1 or -1`);

/**
 * Renews a lease, and keeps the state of its job. One that ran out is had again as long as nobody put the job back: Redis may have been
 * gone longer than it lasts. Keys: job, lock, active, stalled. Arguments: token, milliseconds, job, state or nothing. Answer: 0 when the
 * lease is lost, 2 when the job is to be stopped, 3 when it ended by this very lease.
 */
export const leaseScript = script(`
local about = redis.call("HMGET", KEYS[1], "pb", "stop", "finishedOn")
if about[1] ~= ARGV[1] then return 0 end
if about[3] then return 3 end
local lock = redis.call("GET", KEYS[2])
if lock and lock ~= ARGV[1] then return 0 end
if not lock and not redis.call("LPOS", KEYS[3], ARGV[3]) then return 0 end
redis.call("SET", KEYS[2], ARGV[1], "PX", ARGV[2])
redis.call("SREM", KEYS[4], ARGV[3])
if ARGV[4] ~= "" then redis.call("HSET", KEYS[1], "progress", ARGV[4]) end
return about[2] and 2 or 1`);

/** Keys: lines, used. Arguments: prefix, before when a job was added last. Drops lines that are empty and long unused. */
export const sweepScript = script(`
local dropped = 0
local all = redis.call("HGETALL", KEYS[2])
for i = 1, #all, 2 do
  local key = ARGV[1] .. ":" .. all[i] .. ":"
  local jobs = 0
  if tonumber(all[i + 1]) < tonumber(ARGV[2]) then
    jobs = redis.call("EXISTS", key .. "prioritized", key .. "wait", key .. "active", key .. "completed", key .. "failed")
    if jobs == 0 then
      for _, rest in ipairs({ "meta", "id", "pc", "events", "marker", "stalled", "stalled-check" }) do
        redis.call("DEL", key .. rest)
      end
      redis.call("HDEL", KEYS[1], all[i])
      redis.call("HDEL", KEYS[2], all[i])
      dropped = dropped + 1
    end
  end
end
return dropped`);
