-- Adds the row of a worker in status INACTIVE (CT1: never under an id that is or was in use).
-- KEYS  1 meta  2 changes  3 workers  4 worker:<id>  5 removed
-- ARGV  1 epoch to take if there is none  2 id_worker  3… names and values of the row's fields
-- Result: { 1 registered | 0 reused, sequence number of the newest change }
if redis.call('EXISTS', KEYS[4]) == 1 or redis.call('ZSCORE', KEYS[5], ARGV[2]) then
  return { 0, tonumber(redis.call('HGET', KEYS[1], 'seq') or '0') }
end
local now = clock()
redis.call('HSET', KEYS[4], 'id_worker', ARGV[2], unpack(ARGV, 3))
redis.call('HSET', KEYS[4], 'status', 'INACTIVE', 'reason', '', 'last_activity', now, 'registered_at', now,
  'rss_bytes', 0)
redis.call('SADD', KEYS[3], ARGV[2])
return { 1, append_hash(KEYS[1], KEYS[2], epoch_of(KEYS[1], ARGV[1]), 'worker', KEYS[4]) }
