-- Puts a wish to the acting controller, by the feed of changes.
-- KEYS  1 meta  2 changes  3 lease
-- ARGV  1 epoch to take if there is none  2 id of the command  3 action  4 id_model
-- Result: the fencing token of the controller that is to carry it out, or '' when none acts
local token = redis.call('HGET', KEYS[3], 'token')
if not token then return '' end
append(KEYS[1], KEYS[2], epoch_of(KEYS[1], ARGV[1]),
  { 'kind', 'command', 'id', ARGV[2], 'action', ARGV[3], 'id_model', ARGV[4], 'token', token })
return token
