# A job that does what it is told on standard input, with rundir.R; see test_failures.py. The argument is the client.
source(commandArgs(TRUE)[[1]])
input <- file("stdin", "r")
while (length(line <- readLines(input, 1))) {
  command <- sub(" .*", "", line)
  rest <- sub("^[^ ]* ?", "", line)
  switch(command,
    start = initialize_run(rest, flags = list(lr = 0.1)),
    row = write_run_metadata("metrics", list(step = as.integer(rest), loss = as.integer(rest) / 10)),
    bad = write_run_metadata("metrics", list(step = 0L, loss = "not a number")),
    text = write_run_metadata("output", paste0(rest, "\n")),
    finish = complete_run(),
    exit = quit(status = as.integer(rest))
  )
  cat("done\n")
  flush(stdout())
}
