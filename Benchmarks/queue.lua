-- What wrk sends to a queue: a message is put, one is taken, and the one that was taken is removed; then again.
--
-- Arguments: the method (which is passed over), the file of the message's XML, and the path of the queue's messages with its query.

local path, query, document, state, id, receipt

function setup(thread)
  thread.addr = wrk.lookup("127.0.0.1", wrk.port)[1]
end

function init(arguments)
  document = assert(io.open(arguments[2], "rb")):read("*a")
  path, query = arguments[3]:match("^(.-)%?(.*)$")
  state = "put"
end

local function escaped(text)
  return (text:gsub("[^%w%-%._~]", function(byte) return string.format("%%%02X", byte:byte()) end))
end

function request()
  if state == "put" then return wrk.format("POST", path .. "?" .. query, nil, document) end
  if state == "take" then return wrk.format("GET", path .. "?visibilitytimeout=60&" .. query) end
  return wrk.format("DELETE", path .. "/" .. id .. "?popreceipt=" .. escaped(receipt) .. "&" .. query)
end

function response(status, headers, body)
  if state == "put" then
    state = "take"
  elseif state == "take" then
    id, receipt = body:match("<MessageId>(.-)</MessageId>"), body:match("<PopReceipt>(.-)</PopReceipt>")
    -- The others may have taken what was put.
    state = id and "remove" or "put"
  else
    state = "put"
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %f, "bytes": %d, "p50": %f, "p99": %f, "refused": %d, "broken": %d}\n', summary.requests, summary.duration / 1e6,
    summary.bytes, latency:percentile(50) / 1e6, latency:percentile(99) / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
