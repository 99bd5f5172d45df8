-- Tells how a command ended, by the feed of changes.
-- KEYS  1 meta  2 changes
-- ARGV  1 epoch to take if there is none  2 id of the command  3 outcome  4 message
-- Result: sequence number of the change
return append(KEYS[1], KEYS[2], epoch_of(KEYS[1], ARGV[1]),
  { 'kind', 'result', 'id', ARGV[2], 'outcome', ARGV[3], 'message', ARGV[4] })
