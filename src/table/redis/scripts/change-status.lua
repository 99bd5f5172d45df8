-- Changes the status of a worker if it still is what the caller believes (CT2); the caller has seen that the change
-- is legal.
-- KEYS  1 meta  2 changes  3 worker:<id>  4 lease
-- ARGV  1 epoch to take if there is none  2 fence  3 status from  4 status to  5 reason
-- Result: { 1 changed | 0 conflict | -1 unknown | -2 fenced out, sequence number of the change }
if is_fenced_out(KEYS[4], ARGV[2]) then return { -2, 0 } end
local status = redis.call('HGET', KEYS[3], 'status')
if not status then return { -1, 0 } end
if status ~= ARGV[3] then return { 0, tonumber(redis.call('HGET', KEYS[1], 'seq') or '0') } end
redis.call('HSET', KEYS[3], 'status', ARGV[4], 'reason', ARGV[5])
return { 1, append_hash(KEYS[1], KEYS[2], epoch_of(KEYS[1], ARGV[1]), 'worker', KEYS[3]) }
