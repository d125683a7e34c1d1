import { script } from "../redis/script.ts";

/**
 * Writes a batch of entries and gives them their numbers. A batch that was written already, whose answer was lost, is not written
 * again.
 *
 * Keys: sequence, log, writer; then for each entry that has a preview, or after which there will be no more of its task, where these
 * are. Arguments: the batch's number, how many entries are kept, for how many seconds the writer is known, how many previews
 * of a task are kept, for how many milliseconds, and for how many after its end; then for each entry its text, "preview", "end" or
 * nothing, and its preview. Answer: the number of the first.
 */
export const appendScript = script(`
local done = redis.call("HMGET", KEYS[3], "batch", "first")
if done[1] == ARGV[1] then return tonumber(done[2]) end
local seq = tonumber(redis.call("GET", KEYS[1]) or "0")
local newest = redis.call("XREVRANGE", KEYS[2], "+", "-", "COUNT", 1)
if newest[1] then seq = math.max(seq, tonumber(string.match(newest[1][1], "^%d+"))) end
local first = seq + 1
local place = 3
for i = 7, #ARGV, 3 do
  seq = seq + 1
  local id = string.format("%.0f-0", seq)
  if ARGV[i + 1] ~= "" then
    place = place + 1
    if ARGV[i + 1] == "preview" then redis.pcall("XADD", KEYS[place], "MAXLEN", ARGV[4], id, "p", ARGV[i + 2]) end
    redis.pcall("PEXPIRE", KEYS[place], ARGV[i + 1] == "end" and ARGV[6] or ARGV[5])
  end
  redis.call("XADD", KEYS[2], "MAXLEN", "~", ARGV[2], id, "e", ARGV[i])
end
redis.call("SET", KEYS[1], string.format("%.0f", seq))
redis.call("HSET", KEYS[3], "batch", ARGV[1], "first", string.format("%.0f", first))
redis.call("EXPIRE", KEYS[3], ARGV[3])
return first`);

/** Keys: sequence, log. Argument: a floor. Answer: the number of the last entry, or the floor. */
export const raiseScript = script(`
local seq = tonumber(redis.call("GET", KEYS[1]) or "0")
local newest = redis.call("XREVRANGE", KEYS[2], "+", "-", "COUNT", 1)
if newest[1] then seq = math.max(seq, tonumber(string.match(newest[1][1], "^%d+"))) end
if tonumber(ARGV[1]) > seq then
  seq = tonumber(ARGV[1])
  redis.call("SET", KEYS[1], string.format("%.0f", seq))
end
return seq`);
