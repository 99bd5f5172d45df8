-- Removes the record of a model version.
-- KEYS  1 meta  2 changes  3 models  4 model:<id_model>/<version>  5 lease
-- ARGV  1 epoch to take if there is none  2 fence  3 id_model  4 version
-- Result: { 1 removed | 0 unknown | -2 fenced out, sequence number of the change }
if is_fenced_out(KEYS[5], ARGV[2]) then return { -2, 0 } end
if redis.call('DEL', KEYS[4]) == 0 then return { 0, 0 } end
redis.call('SREM', KEYS[3], ARGV[3] .. '/' .. ARGV[4])
local fields = { 'kind', 'model', 'id_model', ARGV[3], 'version', ARGV[4], 'gone', '1' }
return { 1, append(KEYS[1], KEYS[2], epoch_of(KEYS[1], ARGV[1]), fields) }
