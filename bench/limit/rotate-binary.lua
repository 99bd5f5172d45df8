-- wrk script: posts the binary tensor requests of a file in turn, with the result line of rotate-bodies.lua.
-- argument after "--": the file, which holds for each request the bytes of its JSON, the bytes of its body (both 32 bits,
-- little-endian), and the body.

local here = debug.getinfo(1, "S").source:match("^@(.*/)")
dofile(here .. "../support/rotate-bodies.lua")

local requests = {}
local last = 0

local function read_u32(file)
  local bytes = file:read(4)
  if not bytes then return nil end
  local a, b, c, d = bytes:byte(1, 4)
  return a + 256 * b + 65536 * c + 16777216 * d
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  while true do
    local json_bytes = read_u32(file)
    if not json_bytes then break end
    local headers = {
      ["Content-Type"] = "application/octet-stream",
      ["Inference-Header-Content-Length"] = tostring(json_bytes),
    }
    requests[#requests + 1] = wrk.format("POST", nil, headers, file:read(read_u32(file)))
  end
  file:close()
end

function request()
  last = last % #requests + 1
  return requests[last]
end
