-- Sends the lines of the file LOAD_BODIES as JSON bodies, each once: every thread
-- takes every n-th line. Prints one JSON object at the end.
local n_threads = 0
local threads = {}

function setup(thread)
    thread:set("at", n_threads)
    n_threads = n_threads + 1
    thread:set("stride", tonumber(os.getenv("LOAD_THREADS")))
    table.insert(threads, thread)
end

function init(arguments)
    bodies = {}
    local i = 0
    for line in io.lines(os.getenv("LOAD_BODIES")) do
        if i % stride == at then table.insert(bodies, line) end
        i = i + 1
    end
    next_body = 0
    statuses = {}
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    local key = os.getenv("LOAD_KEY")
    if key and key ~= "" then wrk.headers["Authorization"] = "Bearer " .. key end
end

function request()
    next_body = next_body % #bodies + 1
    return wrk.format(nil, nil, nil, bodies[next_body])
end

function response(status)
    statuses[status] = (statuses[status] or 0) + 1
end

function done(summary, latency, requests)
    local counts = {}
    for _, thread in ipairs(threads) do
        for status, n in pairs(thread:get("statuses")) do
            counts[status] = (counts[status] or 0) + n
        end
    end
    local parts = {}
    for status, n in pairs(counts) do
        table.insert(parts, string.format('"%d": %d', status, n))
    end
    local ms = function(p) return latency:percentile(p) / 1000 end
    io.write(string.format(
        '\nLOAD {"requests": %d, "seconds": %.3f, "p50_ms": %.2f, "p95_ms": %.2f, ' ..
        '"p99_ms": %.2f, "max_ms": %.2f, "socket_errors": %d, "timeouts": %d, "statuses": {%s}}\n',
        summary.requests, summary.duration / 1e6, ms(50), ms(95), ms(99), latency.max / 1000,
        summary.errors.connect + summary.errors.read + summary.errors.write,
        summary.errors.timeout, table.concat(parts, ", ")))
end
