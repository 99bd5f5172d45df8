-- Notes what a version looks like to a worker that has loaded it; adds its record if there is none.
-- KEYS  1 meta  2 changes  3 models  4 model:<id_model>/<version>
-- ARGV  1 epoch to take if there is none  2 id_model  3 version  4… names and values of what the worker knows
-- Result: { 1 changed | 0 known already, sequence number of the newest change }
local state = redis.call('HGET', KEYS[4], 'state')
local news = state ~= 'READY' and state ~= 'UNLOADING'
for i = 4, #ARGV, 2 do
  news = news or redis.call('HGET', KEYS[4], ARGV[i]) ~= ARGV[i + 1]
end
if not news then return { 0, tonumber(redis.call('HGET', KEYS[1], 'seq') or '0') } end
if not state then
  redis.call('HSET', KEYS[4], 'id_model', ARGV[2], 'version', ARGV[3], 'replicas', 0, 'unloaded', 0)
  redis.call('SADD', KEYS[3], ARGV[2] .. '/' .. ARGV[3])
end
redis.call('HSET', KEYS[4], 'reason', '', unpack(ARGV, 4))
if state ~= 'UNLOADING' then redis.call('HSET', KEYS[4], 'state', 'READY') end
return { 1, append_hash(KEYS[1], KEYS[2], epoch_of(KEYS[1], ARGV[1]), 'model', KEYS[4]) }
