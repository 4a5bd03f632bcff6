# Does with the runs of a directory what tfruns does with them, by the same means of R: makes a data frame of each, and of
# all; takes the end, the script and the steps of each by `$`. Prints each run's row, or what went wrong.
library(jsonlite)

runs_dir <- commandArgs(TRUE)[[1]]
numbers <- c("start", "end", "learning_rate")
integers <- c("samples", "validation_samples", "steps", "epochs", "batch_size")

record <- function(name) {
  data_dir <- file.path(runs_dir, name, "tfruns.d")
  list_file <- function(file, prefix) {
    path <- file.path(data_dir, file)
    if (!file.exists(path)) return(NULL)
    values <- read_json(path)
    if (length(values) > 0) names(values) <- paste(prefix, names(values), sep = "_")
    values
  }
  files <- list.files(file.path(data_dir, "properties"))
  properties <- lapply(files, function(file) {
    text <- paste(suppressWarnings(readLines(file.path(data_dir, "properties", file))), collapse = "\n")
    if (file %in% numbers) as.numeric(text) else if (file %in% integers) as.integer(text) else text
  })
  names(properties) <- files
  metrics_file <- file.path(data_dir, "metrics.json")
  metrics <- if (file.exists(metrics_file)) read_json(metrics_file, simplifyVector = TRUE)
  last <- list()
  for (metric in setdiff(names(metrics), "epoch")) {
    values <- metrics[[metric]]
    values <- values[!is.na(values)]
    if (length(values) > 0) last[[paste0("metric_", metric)]] <- values[[length(values)]]
  }
  error_file <- file.path(data_dir, "error.json")
  error <- if (file.exists(error_file)) read_json(error_file, simplifyVector = TRUE)
  error_columns <- if (!is.null(error)) {
    list(error_message = error$message, error_traceback = paste(error$traceback, collapse = "\n"))
  }
  row <- as.data.frame(
    c(
      list(run_dir = name), properties, list_file("evaluation.json", "eval"), last, list_file("flags.json", "flag"),
      error_columns
    ),
    stringsAsFactors = FALSE
  )
  if (nrow(row) != 1) stop("it has ", nrow(row), " rows")
  # `view_run()`
  if (length(row$script) != 1) stop("no script")
  info <- as.list(row)
  if (!is.null(metrics)) info$metrics <- metrics_file
  if (!is.null(info$metrics) && file.exists(info$metrics)) as.data.frame(read_json(info$metrics, simplifyVector = TRUE))
  time <- as.POSIXct("2026-01-01", tz = "GMT") + row$end - row$start
  for (unit in c("steps", "epochs")) if (!is.null(row[[unit]])) if (row[[unit]] > length(last)) unit
  grepl(paste0("^", basename(row$script), "$"), files)
  lapply(last, formatC, format = "f", digits = 4)
  list(row = row, last = last)
}

rows <- list()
for (name in list.files(runs_dir)) {
  result <- tryCatch(record(name), error = function(error) list(fault = conditionMessage(error)))
  line <- list(run = name, fault = result$fault, metrics = if (length(result$last) > 0) result$last)
  cat(toJSON(line, auto_unbox = TRUE, digits = NA, null = "null"), "\n", sep = "")
  rows[[name]] <- result$row
}

# `ls_runs()`: all columns that any has.
columns <- unique(unlist(lapply(rows, names)))
listing <- do.call(rbind, lapply(rows, function(row) {
  row[setdiff(columns, names(row))] <- NA
  row[columns]
}))
end <- as.POSIXct(listing$end, tz = "GMT", origin = "1970-01-01")
latest <- rows[[max(names(rows))]]
if (!is.null(latest$end)) end <- as.POSIXct(latest$end, tz = "GMT", origin = "1970-01-01")
cat(toJSON(list(listed = nrow(listing)), auto_unbox = TRUE), "\n", sep = "")
