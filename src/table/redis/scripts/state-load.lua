-- Takes a gateway's statement of its load, and gives back what others have said since it last asked. The statement
-- lapses unless all of it is repeated.
-- KEYS  1 meta  2 pulse  3 gateways  4 gateway:<id>  5 load:<id>
-- ARGV  1 epoch to take if there is none  2 cursor  3 id_gateway  4 'all' | 'changed' | 'none' (it leaves)
--       5 time to live, ms  6 node  7 pid  8 address  9 a line for each worker, or each changed: its id and its load
-- Result: { clock, epoch, sequence number of the newest change, its id, entries of the pulse, cursor }
redis.call('HSETNX', KEYS[1], 'epoch', ARGV[1])
local result = news(KEYS[1], KEYS[2], ARGV[2])
local now = result[1]
if ARGV[4] == 'changed' then
  result[6] = beat_pulse(KEYS[2], now, 'gateway', ARGV[3], 'said', 'changed', 'loads', ARGV[9])
  return result
end
redis.call('DEL', KEYS[4], KEYS[5])
if ARGV[4] == 'none' then
  redis.call('ZREM', KEYS[3], ARGV[3])
  result[6] = beat_pulse(KEYS[2], now, 'gateway', ARGV[3], 'said', 'none')
  return result
end
local identity = { 'node', ARGV[6], 'pid', ARGV[7], 'address', ARGV[8] }
redis.call('HSET', KEYS[4], 'id_gateway', ARGV[3], unpack(identity))
redis.call('PEXPIRE', KEYS[4], ARGV[5])
redis.call('ZADD', KEYS[3], now, ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - 60000)
-- For people: readers go by the pulse.
for id_worker, load in ARGV[9]:gmatch('(%S+) ([^\n]+)') do redis.call('HSET', KEYS[5], id_worker, load) end
redis.call('PEXPIRE', KEYS[5], ARGV[5])
result[6] = beat_pulse(KEYS[2], now, 'gateway', ARGV[3], 'said', 'all', 'loads', ARGV[9], unpack(identity))
return result
