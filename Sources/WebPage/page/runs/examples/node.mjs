const run = "http://localhost:7117/runs/lr-0.1";
const headers = { "Content-Type": "application/json" };
const send = (path, data) => fetch(`${run}/${path}`, { method: "POST", headers, body: JSON.stringify(data) });

await fetch(run, { method: "PUT" });
await send("metadata/flags", { lr: 0.1, batch_size: 32 });
for (const epoch of [1, 2, 3]) {
    await send("metadata/metrics", { epoch, loss: 0.9 / epoch, val_loss: 1 / epoch });
}
await send("complete", { evaluation: { loss: 0.33, acc: 0.97 } });
