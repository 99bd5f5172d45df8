-- Takes a gateway's statement of its load, and gives back what others have said since it last asked. The statement
-- lapses unless repeated.
-- KEYS  1 meta  2 pulse  3 gateways  4 gateway:<id>  5 load:<id>
-- ARGV  1 epoch to take if there is none  2 cursor  3 id_gateway  4 'all' | 'changed' | 'none' (it leaves)
--       5 time to live, ms  6 node  7 pid  8 address  9… id_worker and its load, for all workers or those changed
-- Result: { clock, epoch, sequence number of the newest change, its id, entries of the pulse, cursor, 1 if the
--           earlier statement was there still }
epoch_of(KEYS[1], ARGV[1])
local result = news(KEYS[1], KEYS[2], ARGV[2])
local now = result[1]
local held = redis.call('EXISTS', KEYS[4])
if ARGV[4] == 'none' then
  redis.call('DEL', KEYS[4], KEYS[5])
  redis.call('ZREM', KEYS[3], ARGV[3])
  result[6] = beat_pulse(KEYS[2], now, 'gateway', ARGV[3], 'said', 'none')
  result[7] = held
  return result
end
redis.call('HSET', KEYS[4], 'id_gateway', ARGV[3], 'node', ARGV[6], 'pid', ARGV[7], 'address', ARGV[8])
redis.call('ZADD', KEYS[3], now, ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - 60000)
if ARGV[4] == 'all' then redis.call('DEL', KEYS[5]) end
local said = ARGV[4]
local first = 9
repeat
  -- unpack() takes some thousands of values at most.
  local last = math.min(first + 1999, #ARGV)
  if first <= #ARGV then redis.call('HSET', KEYS[5], unpack(ARGV, first, last)) end
  result[6] = beat_pulse(KEYS[2], now, 'gateway', ARGV[3], 'said', said, 'node', ARGV[6], 'pid', ARGV[7],
    'address', ARGV[8], unpack(ARGV, first, last))
  said = 'changed'
  first = last + 1
until first > #ARGV
redis.call('PEXPIRE', KEYS[4], ARGV[5])
redis.call('PEXPIRE', KEYS[5], ARGV[5])
result[7] = held
return result
