-- Ends a candidacy, and gives the lease back if the candidate holds it.
-- KEYS  1 meta  2 changes  3 pulse  4 lease
-- ARGV  1 epoch to take if there is none  2 id_controller
-- Result: 1 if it held the lease, else 0
beat_pulse(KEYS[3], clock(), 'controller', ARGV[2], 'gone', '1')
if redis.call('HGET', KEYS[4], 'id_controller') ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[4])
append(KEYS[1], KEYS[2], epoch_of(KEYS[1], ARGV[1]), { 'kind', 'lease', 'id_controller', '', 'token', '' })
return 1
