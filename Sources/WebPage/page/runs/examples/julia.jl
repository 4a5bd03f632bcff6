using HTTP, JSON

run = "http://localhost:7117/runs/lr-0.1"
send(path, data) = HTTP.post("$run/$path", ["Content-Type" => "application/json"], JSON.json(data))
HTTP.put(run)
send("metadata/flags", Dict("lr" => 0.1, "batch_size" => 32))
for epoch in 1:3
    send("metadata/metrics", Dict("epoch" => epoch, "loss" => 0.9 / epoch, "val_loss" => 1 / epoch))
end
send("complete", Dict("evaluation" => Dict("loss" => 0.33, "acc" => 0.97)))
