-- wrk script: posts the lines of a file in turn and reports exact figures as one JSON line.
-- argument after "--": the file, one JSON body a line.
-- Requests are formatted once at the start, so that a request costs the load generator one table look-up.

local requests = {}
local last = 0

function init(args)
  local headers = { ["Content-Type"] = "application/json" }
  for body in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
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
    '\nresult {"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"p999Us":%d,"maxUs":%d,'
      .. '"failed":{"status":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}}\n',
    summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max,
    e.status, e.connect, e.read, e.write, e.timeout))
end
