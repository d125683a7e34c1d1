import { script } from "../../redis/script.ts";

/**
 * A question is a hash with a time to live, which whoever asks renews: `text`, `needs`, `since`; `pieces` of its picture; `taker`, a
 * word that only who took it knows; `reply` and `files`, the pieces of the file of an answer. Beside it lie the picture, the file and the lease of
 * its taker, which goes by itself. Those that wait are a sorted set, by the time at which they were asked.
 */

/** Keys: question, line, picture. Arguments: id, text, needs, pieces, milliseconds to live. */
export const postScript = script(`
local now = redis.call("TIME")
local since = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call("HSET", KEYS[1], "text", ARGV[2], "needs", ARGV[3], "pieces", ARGV[4], "since", since)
redis.call("PEXPIRE", KEYS[1], ARGV[5])
redis.call("PEXPIRE", KEYS[3], ARGV[5])
redis.call("ZADD", KEYS[2], since, ARGV[1])
redis.call("PEXPIRE", KEYS[2], 86400000)
return 1`);

/**
 * Keys: question, line, picture, file, lease. Arguments: id, milliseconds to live. Answer: what has become of it; its answer and the pieces of
 * the file. One whose taker said nothing for the time of a lease waits again, where it was.
 */
export const lookScript = script(`
if redis.call("EXISTS", KEYS[1]) == 0 then return {"lost"} end
for i = 1, 4 do if i ~= 2 then redis.call("PEXPIRE", KEYS[i], ARGV[2]) end end
local is = redis.call("HMGET", KEYS[1], "reply", "files", "taker", "since")
if is[1] then return {"answered", is[1], is[2]} end
if not is[3] then return {"waits"} end
if redis.call("EXISTS", KEYS[5]) == 1 then return {"taken"} end
redis.call("HDEL", KEYS[1], "taker")
redis.call("ZADD", KEYS[2], is[4], ARGV[1])
return {"back"}`);

/** Keys: line. Arguments: how keys of questions begin, how many. Answer: ids and needs of the first that wait. What is left of others goes. */
export const waitingScript = script(`
local found = {}
for _, id in ipairs(redis.call("ZRANGE", KEYS[1], 0, ARGV[2] - 1)) do
  local needs = redis.call("HGET", ARGV[1] .. id, "needs")
  if needs then
    found[#found + 1] = id
    found[#found + 1] = needs
  else
    redis.call("ZREM", KEYS[1], id)
  end
end
return found`);

/** Keys: question, line, lease. Arguments: id, word of the taker, milliseconds of the lease. Answer: text and pieces, if it is his. */
export const takeScript = script(`
if redis.call("ZREM", KEYS[2], ARGV[1]) == 0 or redis.call("EXISTS", KEYS[1]) == 0 then return {} end
redis.call("HSET", KEYS[1], "taker", ARGV[2])
redis.call("SET", KEYS[3], ARGV[2], "PX", ARGV[3])
return redis.call("HMGET", KEYS[1], "text", "pieces")`);

/** Keys: question, lease. Arguments: word, milliseconds. Answer: whether it is still his. */
export const renewScript = script(`
if redis.call("HGET", KEYS[1], "taker") ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[2], ARGV[1], "PX", ARGV[2])
return 1`);

/** Keys: question, lease. Arguments: word, text, pieces of the file, id. */
export const replyScript = script(`
if redis.call("HGET", KEYS[1], "taker") ~= ARGV[1] then return 0 end
redis.call("HSET", KEYS[1], "reply", ARGV[2], "files", ARGV[3])
redis.call("DEL", KEYS[2])
return 1`);

/** Keys: question, line, lease. Arguments: id, word. */
export const letGoScript = script(`
if redis.call("HGET", KEYS[1], "taker") ~= ARGV[2] then return 0 end
local since = redis.call("HGET", KEYS[1], "since")
redis.call("HDEL", KEYS[1], "taker")
redis.call("DEL", KEYS[3])
redis.call("ZADD", KEYS[2], since, ARGV[1])
return 1`);
