-- Gives what has pulsed since a process last asked, and shows that the table takes changes.
-- KEYS  1 meta  2 pulse
-- ARGV  1 epoch to take if there is none  2 cursor
-- Result: { clock, epoch, sequence number of the newest change, its id, entries of the pulse }
redis.call('HSETNX', KEYS[1], 'epoch', ARGV[1])
return news(KEYS[1], KEYS[2], ARGV[2])
