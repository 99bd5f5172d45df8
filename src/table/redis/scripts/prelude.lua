-- What several scripts use; put in front of each of them. Redis 6.2 or newer.

-- The table's clock: milliseconds since the epoch.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Names this table until it is lost; whoever writes to an empty one names it anew.
local function epoch_of(meta, fresh)
  redis.call('HSETNX', meta, 'epoch', fresh)
  return redis.call('HGET', meta, 'epoch')
end

-- Appends an entry to the feed of changes and returns its sequence number, which has no gaps. Each entry names the one
-- before it: a failover can lose entries whose numbers are then given again.
local function append(meta, changes, epoch, fields)
  local seq = redis.call('HINCRBY', meta, 'seq', 1)
  local before = redis.call('HGET', meta, 'last') or '0-0'
  local id = redis.call('XADD', changes, 'MAXLEN', '~', 10000, '*', 'seq', seq, 'epoch', epoch, 'before', before,
    unpack(fields))
  redis.call('HSET', meta, 'last', id)
  return seq
end

-- Appends to the pulse, which keeps what is two seconds old, and returns the entry's id. Ids do not go back with the
-- clock: by that measure nothing would be old for as long as it was set back.
local function beat_pulse(pulse, now, ...)
  local id = redis.call('XADD', pulse, 'MINID', '~', now - 2000, '*', ...)
  if tonumber(id:match('^%d+')) > now + 1000 then redis.call('XTRIM', pulse, 'MAXLEN', '~', 1000) end
  return id
end

-- Appends what a row or a record now is.
local function append_hash(meta, changes, epoch, kind, key)
  local fields = redis.call('HGETALL', key)
  table.insert(fields, 1, 'kind')
  table.insert(fields, 2, kind)
  return append(meta, changes, epoch, fields)
end

-- Whether the caller speaks for a controller that does not act. An empty fence speaks for no controller.
local function is_fenced_out(lease, fence)
  if fence == '' then return false end
  local holder = redis.call('HMGET', lease, 'id_controller', 'token')
  return not holder[1] or holder[1] .. ' ' .. holder[2] ~= fence
end

-- What has pulsed after a cursor, with what the reader needs to see whether it is up to date: the number and the id of
-- the newest change.
local function news(meta, pulse, cursor)
  local entries = {}
  if cursor ~= '' then entries = redis.call('XRANGE', pulse, '(' .. cursor, '+', 'COUNT', 10000) end
  local known = redis.call('HMGET', meta, 'epoch', 'seq', 'last')
  return { clock(), known[1] or '', tonumber(known[2] or '0'), known[3] or '0-0', entries }
end
