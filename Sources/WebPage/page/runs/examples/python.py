# curl -O http://localhost:7117/clients/rundir.py; export RUNDIR_URL=http://localhost:7117
import rundir

with rundir.run(flags={"lr": 0.1, "batch_size": 32}) as run:
    for epoch in range(1, 4):
        run.log(epoch=epoch, loss=0.9 / epoch, val_loss=1 / epoch)
    run.evaluation(loss=0.33, acc=0.97)
