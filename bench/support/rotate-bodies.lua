-- wrk script: posts the lines of a file in turn and reports exact figures as one JSON line.
-- arguments after "--": the file, one JSON body a line; optionally the requests a second.
-- Requests are formatted once at the start, so that a request costs the load generator one table look-up.

local requests = {}
local last = 0

function init(args)
  local headers = { ["Content-Type"] = "application/json" }
  for body in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
  if args[2] then pace(tonumber(args[2])) end
end

-- Gives each request a place in one schedule, whichever connection is free to send it, so that a pause of the server
-- is made up for and the mean holds. wrk calls delay() where there is one, and waits for whole milliseconds.
function pace(per_second)
  local ffi = require("ffi")
  ffi.cdef("typedef struct { long sec; long nsec; } pace_time; int clock_gettime(int, pace_time *);")
  local time = ffi.new("pace_time[1]")
  local function now()
    ffi.C.clock_gettime(1, time)
    return tonumber(time[0].sec) * 1e3 + tonumber(time[0].nsec) / 1e6
  end
  local due = now()
  function delay()
    due = due + 1e3 / per_second
    return math.max(0, math.floor(due - now() + 0.5))
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

-- wrk's own text rounds to two decimals of a changing unit.
function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    '\nresult {"requests":%d,"durationUs":%d,"p50Us":%d,"p90Us":%d,"p99Us":%d,"p999Us":%d,"maxUs":%d,'
      .. '"failed":{"status":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}}\n',
    summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9), latency.max,
    e.status, e.connect, e.read, e.write, e.timeout))
end
