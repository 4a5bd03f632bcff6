curl -X PUT localhost:7117/runs/lr-0.1
curl -d lr=0.1 -d batch_size=32 localhost:7117/runs/lr-0.1/metadata/flags
curl -d '{"epoch": 1, "loss": 0.42, "val_loss": 0.47}' localhost:7117/runs/lr-0.1/metadata/metrics
curl -d loss=0.0871 -d acc=0.9712 localhost:7117/runs/lr-0.1/metadata/evaluation
curl -X POST localhost:7117/runs/lr-0.1/complete
