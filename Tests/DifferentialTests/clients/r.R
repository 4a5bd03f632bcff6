# Sends runs as R writes them with jsonlite, and as data frames are written to CSV.
#
# The first argument is a file with one run a line, in JSON, which has {"number": "NaN"} for what JSON cannot say; the bodies
# are printed, a document a line.
library(jsonlite)

value <- function(x) {
  if (!is.list(x)) return(x)
  if (identical(names(x), "number")) return(as.numeric(x$number))
  if (!is.null(names(x))) return(lapply(x, value))
  x <- lapply(x, value)
  kinds <- unique(vapply(x, function(element) if (length(element) == 1) class(element)[[1]] else "list", ""))
  # A vector where R has one: all of one kind.
  if (length(x) > 0 && all(kinds %in% c("integer", "numeric"))) return(as.numeric(unlist(x)))
  if (length(x) > 0 && length(kinds) == 1 && kinds %in% c("character", "logical")) return(unlist(x))
  x
}

column <- function(x) vapply(x, function(cell) if (is.null(cell)) NA_real_ else as.numeric(value(cell)), 0)

frame <- function(x) {
  as.data.frame(lapply(x, column), optional = TRUE)
}

send <- function(run, part, way, type, bodies, loses = character()) {
  line <- list(run = run, part = part, way = way, type = type, bodies = as.list(bodies), loses = as.list(loses))
  cat(toJSON(line, auto_unbox = TRUE), "\n", sep = "")
}

text <- function(...) as.character(toJSON(...))

documents <- list(
  list("toJSON()", function(x) text(x), "decimals"),
  list("auto_unbox", function(x) text(x, auto_unbox = TRUE), "decimals"),
  list("digits = NA", function(x) text(x, digits = NA, pretty = TRUE), "digits"),
  list("as tfruns", function(x) text(x, auto_unbox = TRUE, pretty = TRUE, force = TRUE, null = "null", digits = NA), "digits")
)

csv <- function(x) paste0(capture.output(write.csv(x, row.names = FALSE)), "\n", collapse = "")
lines <- function(x) paste0(capture.output(stream_out(x, verbose = FALSE)), "\n", collapse = "")

# Rows of a data frame leave out what is not finite.
gone <- c("nan", "infinities")
metrics <- list(
  list("toJSON()", "application/json", function(x) text(x), c("decimals", gone)),
  list("columns", "application/json", function(x) text(x, dataframe = "columns"), "decimals"),
  list("columns, digits = NA", "application/json", function(x) text(x, dataframe = "columns", digits = NA), "digits"),
  list("columns, na = null", "application/json", function(x) text(x, dataframe = "columns", na = "null"), c("decimals", gone)),
  list("rows, digits = NA", "application/json", function(x) text(x, digits = NA), c("digits", gone)),
  list("na = string", "application/json", function(x) text(x, na = "string", digits = NA), "digits"),
  list("stream_out()", "application/x-ndjson", lines, c("decimals", gone)),
  list("write.csv()", "text/csv", csv, c("digits", "nan"))
)
row <- list(
  list("list", function(x) text(as.list(x)), "decimals"),
  list("list, auto_unbox", function(x) text(as.list(x), auto_unbox = TRUE, digits = NA), "digits")
)

# Rows without a key are one more each in NDJSON.
are_lines <- function(frames) {
  all(vapply(frames, function(frame) any(c("step", "epoch") %in% names(frame)) || nrow(frame) == 1, FALSE))
}

input <- file(commandArgs(TRUE)[[1]], encoding = "UTF-8")
runs <- readLines(input)
close(input)
for (index in seq_along(runs)) {
  number <- index - 1L
  run <- fromJSON(runs[[index]], simplifyVector = FALSE)
  for (part in c("flags", "evaluation", "properties", "error")) {
    if (is.null(run[[part]])) next
    way <- documents[[number %% length(documents) + 1]]
    send(number, part, way[[1]], "application/json", way[[2]](value(run[[part]])), way[[3]])
  }
  frames <- lapply(run$metrics, frame)
  if (all(vapply(frames, nrow, 0L) == 1) && number %% 2 == 0) {
    way <- row[[number %/% 2 %% length(row) + 1]]
    send(number, "metrics", way[[1]], "application/json", vapply(frames, way[[2]], ""), way[[3]])
  } else {
    ways <- if (are_lines(frames)) metrics else Filter(function(way) way[[1]] != "stream_out()", metrics)
    way <- ways[[number %% length(ways) + 1]]
    send(number, "metrics", way[[1]], way[[2]], vapply(frames, way[[3]], ""), way[[4]])
  }
}
