-- Takes or renews the lease of the acting controller, or tells that the candidate lives.
-- KEYS  1 meta  2 changes  3 pulse  4 lease
-- ARGV  1 epoch to take if there is none  2 id_controller  3 node  4 pid  5 time to live, ms
--       6 the highest term that the candidate knows of, which a table that was lost does not
-- Result: { 1 acts | 0 stands by, its fencing token }
local epoch = epoch_of(KEYS[1], ARGV[1])
local holder = redis.call('HMGET', KEYS[4], 'id_controller', 'token')
local acting = 0
local token = holder[2] or '0'
if not holder[1] then
  token = string.format('%d', math.max(tonumber(redis.call('HGET', KEYS[1], 'token') or '0'), tonumber(ARGV[6])) + 1)
  redis.call('HSET', KEYS[1], 'token', token)
  redis.call('HSET', KEYS[4], 'id_controller', ARGV[2], 'token', token, 'node', ARGV[3], 'pid', ARGV[4])
  append(KEYS[1], KEYS[2], epoch, { 'kind', 'lease', 'id_controller', ARGV[2], 'token', token })
  acting = 1
elseif holder[1] == ARGV[2] then
  acting = 1
elseif redis.call('PTTL', KEYS[4]) > tonumber(ARGV[5]) then
  -- The clock was set back under it: it would outlive its holder by as much.
  redis.call('PEXPIRE', KEYS[4], ARGV[5])
end
if acting == 1 then redis.call('PEXPIRE', KEYS[4], ARGV[5]) end
beat_pulse(KEYS[3], clock(), 'controller', ARGV[2], 'node', ARGV[3], 'pid', ARGV[4], 'acting', acting)
return { acting, token }
