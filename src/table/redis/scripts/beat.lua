-- Notes that a worker lives, by the table's clock (CT7).
-- KEYS  1 meta  2 pulse  3 worker:<id>  4 removed
-- ARGV  1 epoch to take if there is none  2 id_worker  3 rss_bytes
-- Result: its status | 'removed' | 'unknown'
local status = redis.call('HGET', KEYS[3], 'status')
if not status then
  if redis.call('ZSCORE', KEYS[4], ARGV[2]) then return 'removed' end
  return 'unknown'
end
local now = clock()
epoch_of(KEYS[1], ARGV[1])
redis.call('HSET', KEYS[3], 'last_activity', now, 'rss_bytes', ARGV[3])
beat_pulse(KEYS[2], now, 'worker', ARGV[2], 'last_activity', now, 'rss_bytes', ARGV[3])
return status
