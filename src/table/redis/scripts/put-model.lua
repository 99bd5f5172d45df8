-- Adds or replaces the record of a model version. What only a worker can tell stays when the caller does not know it.
-- KEYS  1 meta  2 changes  3 models  4 model:<id_model>/<version>  5 lease
-- ARGV  1 epoch to take if there is none  2 fence  3 <id_model>/<version>  4 signature or empty
--       5… names and values of the record's other fields
-- Result: { 1 | -2 fenced out, sequence number of the change }
if is_fenced_out(KEYS[5], ARGV[2]) then return { -2, 0 } end
redis.call('HSET', KEYS[4], unpack(ARGV, 5))
if ARGV[4] ~= '' then redis.call('HSET', KEYS[4], 'signature', ARGV[4]) end
redis.call('SADD', KEYS[3], ARGV[3])
return { 1, append_hash(KEYS[1], KEYS[2], epoch_of(KEYS[1], ARGV[1]), 'model', KEYS[4]) }
