curl -sO localhost:7117/clients/rundir.sh
export RUNDIR_URL=http://localhost:7117
for lr in 0.1 0.01; do
  sh rundir.sh exec lr=$lr -- python3 train.py --lr $lr
done
