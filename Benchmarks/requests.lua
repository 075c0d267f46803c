-- What wrk sends, and what it reports: one line of JSON.
--
-- Arguments: the method, the file of the body or "-", and the path. In the path, {unique} becomes a name that no other request of the run has,
-- scattered over the alphabet; {slot} becomes one of 64 numbers, in turn.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  thread.addr = wrk.lookup("127.0.0.1", wrk.port)[1]
  threads = threads + 1
end

function init(arguments)
  local method, file, path = arguments[1], arguments[2], arguments[3]
  local body
  if file ~= "-" then body = assert(io.open(file, "rb")):read("*a") end
  wrk.method, wrk.body, wrk.path = method, body, path
  local before, kind, after = path:match("^(.-){(%a+)}(.*)$")
  if not kind then return end
  local count = number * 32
  request = function()
    count = count + 1
    local name
    if kind == "slot" then
      name = string.format("%02d", count % 64)
    else
      -- Odd factors permute the 32-bit numbers.
      name = string.format("%08x-%d", count * 2654435761 % 4294967296, number)
    end
    return wrk.format(method, before .. name .. after, nil, body)
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %f, "bytes": %d, "p50": %f, "p99": %f, "refused": %d, "broken": %d}\n', summary.requests, summary.duration / 1e6,
    summary.bytes, latency:percentile(50) / 1e6, latency:percentile(99) / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
