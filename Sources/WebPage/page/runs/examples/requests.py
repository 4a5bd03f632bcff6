import requests
run = requests.put("http://localhost:7117/runs/lr-0.1").url
requests.post(f"{run}/metadata/flags", json={"lr": 0.1, "batch_size": 32})
requests.post(f"{run}/metadata/metrics", json={"epoch": 1, "loss": 0.42, "val_loss": 0.47})
requests.post(f"{run}/metadata/evaluation", json={"loss": 0.0871, "acc": 0.9712})
requests.post(f"{run}/complete")
