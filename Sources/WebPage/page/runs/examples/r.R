source("http://localhost:7117/clients/rundir.R")

initialize_run(flags = list(lr = 0.1, batch_size = 32))
metrics <- data.frame(loss = rep(NA_real_, 3), val_loss = NA_real_)
for (epoch in 1:3) {
  metrics[epoch, ] <- c(0.9, 1) / epoch
  write_run_metadata("metrics", metrics)
}
write_run_metadata("evaluation", list(loss = 0.33, acc = 0.97))
complete_run()
