-- POSTs small JSON documents, for wrk:
--
--     wrk … -s post.lua URL -- KIND RUNS FIRST [TOKEN]
--
-- KIND   metrics: a row with the next epoch; flags: a small document; new: POST /runs; put: PUT /runs/… with flags, each another
-- RUNS   /runs/bench-1 … /runs/bench-RUNS take turns. With as many connections as runs that is a run each. 65-128 means
--        /runs/bench-65 … /runs/bench-128
-- FIRST  the epoch of the first row, so that a second load adds rows where the first one ended
-- TOKEN  sent in Authorization
--
-- KIND mlflow sends log-metric of MLflow's API; behind FIRST are the ids of its runs
--
-- The request is put together here rather than by wrk.format, which costs more than the server's own work. Each wrk
-- thread has a Lua state of its own: use one thread (-t1), or two would send the same epochs.

local ROW = '{"epoch": %d, "loss": 0.4231, "acc": 0.8731, "val_loss": 0.174, "v": 0.95}'
local FLAGS = '{"learning_rate": 0.001, "batch_size": 32, "optimizer": "adam", "dropout": 0.4, "seed": %d}'

local METRIC = '{"run_id": "%s", "key": "loss", "value": 0.4231, "timestamp": 1732440600123, "step": %d}'

local kind, head, new
local heads, names, bodies, runs, turn, number = {}, {}, nil, 1, 0, 0

function init(arguments)
    kind = arguments[1]
    bodies = kind == "flags" and FLAGS or ROW
    local first, last = string.match(arguments[2], "^(%d+)-(%d+)$")
    first = tonumber(first or 1)
    runs = tonumber(last or arguments[2]) - first + 1
    number = tonumber(arguments[3])
    head = "Host: " .. wrk.host .. ":" .. wrk.port .. "\r\nContent-Type: application/json\r\n"
    if arguments[4] then
        head = head .. "Authorization: Bearer " .. arguments[4] .. "\r\n"
    end
    head = head .. "Content-Length: "
    new = "POST /runs HTTP/1.1\r\n" .. head .. "0\r\n\r\n"
    if kind == "mlflow" then
        for run = 1, runs do
            names[run] = arguments[3 + run]
        end
    end
    for run = 1, runs do
        heads[run] = "POST /runs/bench-" .. first + run - 1 .. "/metadata/" .. kind .. " HTTP/1.1\r\n"
            .. head
    end
end

function request()
    if kind == "new" then
        return new
    elseif kind == "put" then
        number = number + 1
        local body = string.format('{"flags": ' .. FLAGS .. '}', number)
        return "PUT /runs/bench-" .. number .. " HTTP/1.1\r\n" .. head .. #body .. "\r\n\r\n" .. body
    end
    turn = turn + 1
    if turn > runs then
        turn = 1
        number = number + 1
    end
    if kind == "mlflow" then
        local body = string.format(METRIC, names[turn], number)
        return "POST /api/2.0/mlflow/runs/log-metric HTTP/1.1\r\n" .. head .. #body .. "\r\n\r\n" .. body
    end
    local body = string.format(bodies, number)
    return heads[turn] .. #body .. "\r\n\r\n" .. body
end

-- One line that the caller reads: `wrk-result` and numbers by name, times in microseconds.
function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        "wrk-result requests=%d duration=%d p50=%d p99=%d not_2xx=%d connect=%d read=%d write=%d timeout=%d\n",
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
