-- Removes the row of a worker that is not ACTIVE, and remembers its id (CT1).
-- KEYS  1 meta  2 changes  3 workers  4 worker:<id>  5 removed  6 lease
-- ARGV  1 epoch to take if there is none  2 fence  3 id_worker
-- Result: { 1 removed | 0 illegal | -1 unknown | -2 fenced out, sequence number of the change }
if is_fenced_out(KEYS[6], ARGV[2]) then return { -2, 0 } end
local status = redis.call('HGET', KEYS[4], 'status')
if not status then return { -1, 0 } end
if status == 'ACTIVE' then return { 0, 0 } end
redis.call('DEL', KEYS[4])
redis.call('SREM', KEYS[3], ARGV[3])
redis.call('ZADD', KEYS[5], clock(), ARGV[3])
redis.call('ZREMRANGEBYRANK', KEYS[5], 0, -10001)
local fields = { 'kind', 'worker', 'id_worker', ARGV[3], 'gone', '1' }
return { 1, append(KEYS[1], KEYS[2], epoch_of(KEYS[1], ARGV[1]), fields) }
