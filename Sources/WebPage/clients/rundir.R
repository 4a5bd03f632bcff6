# Records training runs on a Rundir server, with the functions of tfruns. Needs base R, and the package curl or the
# command curl.
#
#   source("http://localhost:7117/clients/rundir.R")
#
#   initialize_run(flags = list(lr = 0.1))
#   write_run_metadata("metrics", data.frame(loss = c(0.42, NA), val_loss = c(0.47, NA)))
#   write_run_metadata("evaluation", list(acc = 0.97))
#   write_run_metadata("plots", function(data_dir) { … })     # files that the function writes into data_dir
#   complete_run()
#
# Recording never stops a job: errors become messages. Requests that the server cannot take now (it is down, its disk is
# full, it rejects the token) wait in a folder, the spool, and are sent in order by the next call or by a process in the
# background. Requests that the server refuses are kept in the spool's refused/. Every request is safe to send twice.
# (Functions that read, such as ls_runs(), stop if there is no answer.)
#
# RUNDIR_URL            the server, default the one that this file was read from; off: record nothing
# RUNDIR_TOKEN          the token; RUNDIR_TOKEN_FILE: a file with it, default ~/.config/rundir/token, if it exists
# RUNDIR_RUN            the run's id
# RUNDIR_JOIN           1: another process starts and ends the run
# RUNDIR_SPOOL          the spool, default ~/.local/state/rundir; where it cannot be made, rundir-UID in TMPDIR
# RUNDIR_WAIT           seconds that the end of a run may wait for the server, default 10
# RUNDIR_TIMEOUT        seconds that a reply may take, default 10
# RUNDIR_BACKGROUND     seconds that a process in the background goes on while the server is away, default 900; 0: none
#
# options(rundir.curl = "command") uses the command even if the package is installed.

.rundir <- new.env()

local(envir = .rundir, {

  # The active run, if any; the data that waits for a run; the messages that were shown.
  state <- new.env()

  setting <- function(name, otherwise) {
    value <- Sys.getenv(name)
    if (nzchar(value)) value else otherwise
  }

  seconds_of <- function(name, otherwise) {
    value <- suppressWarnings(as.numeric(setting(name, otherwise)))
    if (is.na(value) || value < 0 || value > 1e8) otherwise else value
  }

  # The server that this file was read from, if it was read from one: source() has the address.
  origin <- "http://127.0.0.1:7117"
  for (frame in sys.frames()) {
    file <- get0("ofile", frame, mode = "character", inherits = FALSE)
    if (length(file) == 1 && grepl("^https?://.*/clients/rundir\\.R$", file)) origin <- sub("/clients/rundir\\.R$", "", file)
  }
  rm(frame, file)

  # `host:port` is taken as `http://host:port`.
  address <- function() {
    value <- sub("/+$", "", setting("RUNDIR_URL", origin))
    if (value == "off" || grepl("://", value, fixed = TRUE)) value else paste0("http://", value)
  }

  is_off <- function() identical(address(), "off")

  token <- function() {
    value <- Sys.getenv("RUNDIR_TOKEN")
    if (!nzchar(value)) {
      path <- setting("RUNDIR_TOKEN_FILE", file.path(setting("XDG_CONFIG_HOME", path.expand("~/.config")), "rundir", "token"))
      if (file.exists(path)) value <- paste(suppressWarnings(readLines(path, n = 1)), collapse = "")
    }
    trimws(value)
  }

  # The spool's folder for the server. Where it cannot be made, another folder is: one of this user, which no other can read.
  place <- function() {
    spool <- setting("RUNDIR_SPOOL", file.path(setting("XDG_STATE_HOME", path.expand("~/.local/state")), "rundir"))
    name <- gsub("[^A-Za-z0-9.-]", "_", address())
    if (can_write(file.path(spool, name))) return(file.path(spool, name))
    user <- file.info(tempdir())$uid
    other <- file.path(dirname(tempdir()), paste0("rundir-", user))
    dir.create(other, showWarnings = FALSE, mode = "0700")
    found <- file.info(other)
    is_private <- isTRUE(found$isdir && found$uid == user && format(found$mode) == "700") && !nzchar(Sys.readlink(other))
    if (!is_private || !can_write(file.path(other, name))) return(file.path(spool, name))
    say("the spool ", spool, " cannot be written; what is recorded waits in ", other)
    file.path(other, name)
  }

  # Whether a folder can be written; it is made.
  can_write <- function(path) {
    dir.create(path, showWarnings = FALSE, recursive = TRUE, mode = "0700")
    dir.exists(path) && file.access(path, 2) == 0
  }

  # Shows a message, once in this session.
  say <- function(...) {
    text <- paste0(...)
    if (!text %in% state$said) {
      state$said <- c(state$said, text)
      message("rundir: ", text)
    }
  }

  # Evaluates an expression; an error becomes a message.
  guarded <- function(expression) {
    tryCatch(expression, error = function(error) {
      say(conditionMessage(error))
      invisible(NULL)
    })
  }

  # --- JSON, as tfruns writes it

  json_text <- function(x) {
    x <- enc2utf8(x)
    invalid <- !validUTF8(x)
    x[invalid] <- iconv(x[invalid], "latin1", "UTF-8")
    x <- gsub("\\", "\\\\", x, fixed = TRUE)
    x <- gsub("\"", "\\\"", x, fixed = TRUE)
    x <- gsub("\n", "\\n", x, fixed = TRUE)
    x <- gsub("\r", "\\r", x, fixed = TRUE)
    x <- gsub("\t", "\\t", x, fixed = TRUE)
    for (code in which(vapply(1:31, function(code) any(grepl(intToUtf8(code), x, fixed = TRUE)), NA))) {
      x <- gsub(intToUtf8(code), sprintf("\\u%04x", code), x, fixed = TRUE)
    }
    paste0("\"", x, "\"")
  }

  # Numbers with all their digits, in the shortest form.
  json_number <- function(x) {
    text <- sprintf("%.15g", x)
    for (digits in 16:17) {
      inexact <- is.finite(x) & suppressWarnings(as.numeric(text)) != x
      text[inexact] <- sprintf(paste0("%.", digits, "g"), x[inexact])
    }
    text
  }

  # The elements of a vector. `na` is the JSON for a missing number.
  json_elements <- function(x, na) {
    if (is.factor(x)) x <- as.character(x)
    if (inherits(x, "POSIXt")) x <- format(x, "%Y-%m-%dT%H:%M:%OS3Z", tz = "UTC")
    if (inherits(x, "Date")) x <- format(x)
    if (is.logical(x)) {
      ifelse(is.na(x), "null", ifelse(x, "true", "false"))
    } else if (is.numeric(x)) {
      x <- as.numeric(x)
      text <- json_number(x)
      text[is.na(x)] <- na
      text[is.nan(x)] <- "\"NaN\""
      text[is.infinite(x)] <- ifelse(x[is.infinite(x)] > 0, "\"Inf\"", "\"-Inf\"")
      text
    } else {
      x <- as.character(x)
      ifelse(is.na(x), "null", json_text(x))
    }
  }

  # A value as JSON: a vector of one element is that element, a data frame is its columns.
  to_json <- function(x, na = "null") {
    array <- function(elements) paste0("[", paste(elements, collapse = ", "), "]")
    if (is.null(x)) return("null")
    if (is.function(x) || is.environment(x) || is.language(x)) return(json_text(paste(deparse(x), collapse = "\n")))
    if (is.data.frame(x)) {
      columns <- vapply(x, function(column) {
        # A data frame or a matrix in a column: its columns are named after both.
        if (is.data.frame(column)) return(to_json(column, na))
        if (is.matrix(column)) return(to_json(as.data.frame(column), na))
        if (inherits(column, "POSIXt")) column <- as.POSIXct(column)
        array(if (is.list(column)) vapply(column, to_json, "", na = na) else json_elements(column, na))
      }, "")
      return(json_object(names(x), columns))
    }
    if (inherits(x, "POSIXt")) x <- as.POSIXct(x)
    # A single value with a name, such as evaluate(model)["loss"], becomes that value.
    if (!is.list(x) && length(x) == 1) names(x) <- NULL
    if (is.list(x) || (!is.null(names(x)) && is.null(dim(x)))) {
      values <- vapply(unclass(as.list(x)), to_json, "", na = na)
      if (is.null(names(x))) return(array(values))
      return(json_object(names(x), values))
    }
    if (is.matrix(x)) return(array(apply(x, 1, function(row) array(json_elements(row, na)))))
    elements <- json_elements(x, na)
    if (length(elements) == 1) elements else array(elements)
  }

  # A property as text, as in tfruns; a time as seconds since 1970.
  property_text <- function(value) {
    if (inherits(value, "POSIXt")) return(sprintf("%.6f", as.numeric(value)))
    paste(as.character(value), collapse = "\n")
  }

  json_object <- function(names, values) {
    if (length(values) == 0) return("{}")
    missing <- !nzchar(names)
    names[missing] <- paste0("V", which(missing))
    paste0("{", paste0(json_text(make.unique(names)), ": ", values, collapse = ", "), "}")
  }

  # --- HTTP

  # A path's segment, percent-encoded except "/".
  encoded <- function(x) gsub("%2F", "/", utils::URLencode(enc2utf8(x), reserved = TRUE), fixed = TRUE)

  # Sends a request. Returns its status (0: no reply), headers (text) and body (raw).
  request <- function(method, path, type = NULL, file = NULL, to = NULL, seconds = seconds_of("RUNDIR_TIMEOUT", 10)) {
    is_file <- method == "PUT" && grepl("^/runs/[^/]+/files/", path)
    by_package <- !identical(getOption("rundir.curl"), "command") && !is_file && is.null(to) &&
      requireNamespace("curl", quietly = TRUE)
    if (by_package) return(by_package(method, path, type, file, seconds))
    by_command(method, path, type, file, to, seconds, is_file)
  }

  by_package <- function(method, path, type, file, seconds) {
    handle <- curl::new_handle(connecttimeout = 3, timeout = ceiling(seconds), customrequest = method, useragent = "rundir.R")
    headers <- list(Expect = "")
    if (!is.null(type) && nzchar(type)) headers[["Content-Type"]] <- type
    if (nzchar(token())) headers[["Authorization"]] <- paste("Bearer", token())
    if (!is.null(file)) {
      body <- readBin(file, "raw", file.size(file))
      curl::handle_setopt(handle, post = TRUE, postfields = body, postfieldsize_large = length(body), customrequest = method)
    } else if (method != "GET") {
      headers[["Content-Length"]] <- "0"
    }
    curl::handle_setheaders(handle, .list = headers)
    tryCatch({
      reply <- curl::curl_fetch_memory(paste0(address(), path), handle)
      list(status = reply$status_code, headers = rawToChar(reply$headers), body = reply$content)
    }, error = function(error) list(status = 0L, headers = "", body = raw()))
  }

  # The token goes to curl in a file of the session's own folder: command lines are visible to others.
  by_command <- function(method, path, type, file, to, seconds, is_file) {
    head <- tempfile("rundir-head")
    body <- if (is.null(to)) tempfile("rundir-body") else to
    input <- tempfile("rundir-input")
    on.exit(unlink(c(head, input, if (is.null(to)) body)))
    file.create(input)
    Sys.chmod(input, "0600")
    secret <- gsub("([\\\\\"])", "\\\\\\1", token())
    if (nzchar(secret)) writeLines(sprintf("header = \"Authorization: Bearer %s\"", secret), input)
    limits <- if (is_file || !is.null(to)) c("--speed-limit", "1", "--speed-time", "120") else c("--max-time", ceiling(seconds))
    arguments <- c("-s", "-K", input, "-X", method, "--connect-timeout", "3", limits, "-o", body, "-D", head,
                   "-w", "%{http_code}")
    if (!is.null(file)) arguments <- c(arguments, "-T", file, "-H", "Expect:", "-H", paste0("Content-Type: ", type))
    else if (method != "GET") arguments <- c(arguments, "-H", "Content-Length: 0")
    arguments <- shQuote(c(arguments, paste0(address(), path)))
    status <- suppressWarnings(system2("curl", arguments, stdout = TRUE, stderr = FALSE))
    failed <- !is.null(attr(status, "status")) || length(status) == 0
    list(status = if (failed) 0L else as.integer(status[[1]]),
         headers = if (file.exists(head)) paste(readLines(head, warn = FALSE), collapse = "\n") else "",
         body = if (is.null(to) && file.exists(body)) readBin(body, "raw", file.size(body)) else raw())
  }

  header <- function(reply, name) {
    lines <- strsplit(reply$headers, "\r?\n")[[1]]
    found <- grep(paste0("^", name, ":"), lines, ignore.case = TRUE, value = TRUE)
    if (length(found)) trimws(sub("^[^:]*:", "", found[[length(found)]])) else ""
  }

  text_of <- function(body) {
    text <- rawToChar(body[body != 0])
    Encoding(text) <- "UTF-8"
    text
  }

  is_problem <- function(reply) grepl("^application/problem\\+json", header(reply, "Content-Type"))

  detail <- function(reply) {
    text <- text_of(reply$body)
    found <- regmatches(text, regexec("\"detail\": \"((\\\\.|[^\"\\\\])*)\"", text))[[1]]
    if (length(found) > 1) gsub("\\\\(.)", "\\1", found[[2]]) else substr(text, 1, 300)
  }

  # Whether the same request may succeed later, also after a change of the token or of the server's settings.
  is_temporary <- function(reply) {
    if (reply$status %in% c(0, 401, 408, 421, 425, 429, 503, 507)) return(TRUE)
    if (reply$status == 403) return(!grepl("(path|directory)-forbidden\"", text_of(reply$body)))
    reply$status >= 500 && !is_problem(reply)
  }

  # --- The spool: a folder for each run, shared with rundir.py and rundir.sh

  host_name <- function() gsub("[^A-Za-z0-9.]", "_", Sys.info()[["nodename"]])

  who <- function() paste0(host_name(), ".", Sys.getpid())

  names_in <- function(lane) sub("\\.req$", "", sort(list.files(lane, "\\.req$"), method = "radix"))

  is_empty <- function(lane) length(list.files(lane, "\\.req$")) == 0

  make_folder <- function(path) {
    dir.create(path, showWarnings = FALSE, recursive = TRUE, mode = "0700")
    if (!dir.exists(path)) stop("the spool ", place(), " cannot be written; something is not recorded", call. = FALSE)
  }

  # Adds a request to a folder. It exists once its .req file does. `body` is raw, or the path of a file to copy.
  add <- function(lane, method, path, type, body) {
    make_folder(lane)
    names <- names_in(lane)
    last <- if (length(names)) as.numeric(sub("-.*", "", names[[length(names)]])) else 0
    state$count <- state$count + 1
    base <- file.path(lane, sprintf("%012.0f-%s.%d", last + 1, who(), state$count))
    written <- TRUE
    if (is.character(body)) written <- file.copy(body, paste0(base, ".body")) else writeBin(body, paste0(base, ".body"))
    writeBin(charToRaw(paste0(method, "\n", path, "\n", type, "\n")), paste0(base, ".tmp"))
    if (!written || !file.rename(paste0(base, ".tmp"), paste0(base, ".req"))) {
      stop("the spool ", place(), " cannot be written; something is not recorded", call. = FALSE)
    }
  }

  # A lock is a folder with one file, named after its owner: PID-NONCE-HOST. Renaming that file takes the lock over from
  # an owner that no longer runs; only one process can do that. Returns the file; NULL if another process has the lock.
  lock <- function(path) {
    own <- file.path(path, paste0(Sys.getpid(), "-", basename(tempfile("")), "-", host_name()))
    taken <- if (dir.create(path, showWarnings = FALSE, mode = "0700")) suppressWarnings(file.create(own)) else take_over(path, own)
    if (!taken) return(NULL)
    # Two processes may have found the folder empty.
    if (!identical(list.files(path), basename(own))) {
      unlock(own)
      return(NULL)
    }
    own
  }

  take_over <- function(path, own) {
    found <- sort(list.files(path, full.names = TRUE), method = "radix")
    if (!length(found)) {
      # Its owner was killed just before or after it made its file.
      if (isTRUE(age(path) > 60)) suppressWarnings(file.remove(path))
      return(FALSE)
    }
    if (!all(vapply(found, is_gone, NA))) return(FALSE)
    suppressWarnings(file.remove(found[-1]))
    # Touch it first, so that it no longer counts as old.
    suppressWarnings(Sys.setFileTime(found[[1]], Sys.time()) && file.rename(found[[1]], own))
  }

  age <- function(path) as.numeric(difftime(Sys.time(), file.mtime(path), units = "secs"))

  # Whether an owner no longer runs, or has not refreshed its lock for ten minutes.
  is_gone <- function(path) {
    if (isTRUE(age(path) > 600)) return(TRUE)
    name <- basename(path)
    if (!grepl("^[0-9]+-", name) || !endsWith(name, paste0("-", host_name()))) return(FALSE)
    pid <- suppressWarnings(as.integer(sub("-.*", "", name)))
    is.na(pid) || !tools::pskill(pid, 0)
  }

  # Refreshes the lock. FALSE if another process has taken it over, after a long pause.
  refresh <- function(own) suppressWarnings(Sys.setFileTime(own, Sys.time()))

  unlock <- function(own) suppressWarnings(file.remove(own, dirname(own)))

  # The server cannot take requests now: schedules the next attempt.
  away <- function(reply) {
    path <- file.path(place(), "away")
    delay <- 0
    if (file.exists(path)) delay <- suppressWarnings(as.numeric(strsplit(readLines(path, n = 1), " ")[[1]][[1]]))
    else say(address(), ": ", if (reply$status == 0) "no reply" else paste(reply$status, detail(reply)),
             "; what is recorded waits in ", place())
    delay <- min(max(delay * 2, 1, na.rm = TRUE), 30)
    after <- suppressWarnings(as.numeric(header(reply, "Retry-After")))
    if (!is.na(after) && after <= 60) delay <- max(delay, after)
    writeLines(sprintf("%.0f %.0f", delay, as.numeric(Sys.time()) + delay), path)
  }

  is_away <- function() file.exists(file.path(place(), "away"))

  may_try <- function() {
    path <- file.path(place(), "away")
    if (!file.exists(path)) return(TRUE)
    now <- function(condition) 0
    attempt <- tryCatch(as.numeric(strsplit(readLines(path, n = 1), " ")[[1]][[2]]), error = now, warning = now)
    as.numeric(Sys.time()) >= attempt
  }

  # Whether output that was sent before, without a reply, has arrived; NA: cannot be found out now. Before the first
  # attempt, the length of the run's output is recorded with the request.
  has_arrived <- function(base, path) {
    output <- paste0(sub("/metadata/output$", "/output?after=", path))
    noted <- paste0(base, ".base")
    if (!file.exists(noted)) {
      reply <- request("GET", paste0(output, "4611686018427387904"))
      if (reply$status %in% c(401, 403)) return(FALSE)
      if (!reply$status %in% c(200, 404)) { state$reply <- reply; return(NA) }
      writeLines(if (reply$status == 200) header(reply, "Output-Length") else "0", noted)
      return(FALSE)
    }
    body <- readBin(paste0(base, ".body"), "raw", file.size(paste0(base, ".body")))
    for (pause in c(0, 0.5)) {
      # A server that was stuck may only now handle the first attempt.
      Sys.sleep(pause)
      reply <- request("GET", paste0(output, readLines(noted, n = 1)))
      if (reply$status %in% c(401, 403, 404)) return(FALSE)
      if (reply$status != 200) { state$reply <- reply; return(NA) }
      if (length(grepRaw(body, reply$body, fixed = TRUE))) return(TRUE)
    }
    FALSE
  }

  # Keeps a request that the server refuses, and the server's reply. The same request has the same name, however often
  # it is sent.
  refuse <- function(base, method, path, reply) {
    folder <- file.path(place(), "refused", strsplit(sub("^/runs/", "", path), "/")[[1]][[1]])
    make_folder(folder)
    name <- file.path(folder, unname(tools::md5sum(paste0(base, ".body"))))
    file.copy(paste0(base, ".body"), paste0(name, ".body"), overwrite = TRUE)
    writeLines(c(reply$status, detail(reply)), paste0(name, ".reply"), useBytes = TRUE)
    file.copy(paste0(base, ".req"), paste0(name, ".req"), overwrite = TRUE)
    say(method, " ", path, " was refused: ", reply$status, " ", detail(reply), ". It is kept in ", folder)
  }

  # Sends the requests that wait in a folder, in order. Returns whether none is left.
  replay <- function(lane) {
    if (is_empty(lane)) return(TRUE)
    own <- lock(file.path(lane, "lock"))
    if (is.null(own)) return(FALSE)
    on.exit(unlock(own))
    while (length(names <- names_in(lane))) {
      for (name in names) {
        base <- file.path(lane, name)
        head <- tryCatch(readLines(paste0(base, ".req")), error = function(e) NULL, warning = function(w) NULL)
        # Without its body: it was sent, and only half removed.
        if (!file.exists(paste0(base, ".body"))) { unlink(paste0(base, ".req")); next }
        if (length(head) < 2) next
        if (!refresh(own)) return(FALSE)
        type <- if (length(head) > 2) head[[3]] else ""
        arrived <- if (grepl("/metadata/output$", head[[2]])) has_arrived(base, head[[2]]) else FALSE
        if (is.na(arrived)) { away(state$reply); return(FALSE) }
        if (!arrived) {
          reply <- request(head[[1]], head[[2]], type, if (nzchar(type)) paste0(base, ".body"))
          if (reply$status >= 300 || reply$status == 0) {
            if (is_temporary(reply)) { away(reply); return(FALSE) }
            refuse(base, head[[1]], head[[2]], reply)
          }
        }
        unlink(file.path(place(), "away"))
        unlink(paste0(base, c(".req", ".body", ".base")))
      }
    }
    TRUE
  }

  lanes <- function() list.dirs(file.path(place(), c("runs", "files")), recursive = FALSE)

  all_empty <- function() all(vapply(lanes(), is_empty, NA))

  replay_all <- function() {
    done <- TRUE
    for (lane in lanes()) {
      if (!replay(lane)) done <- FALSE
      else if (!length(list.files(lane))) suppressWarnings(file.remove(lane))
      if (!may_try()) return(FALSE)
    }
    done
  }

  # Continues to send in the background, unless a process does so already. Its program consists of this file's
  # functions.
  send_later <- function() {
    if (seconds_of("RUNDIR_BACKGROUND", 900) <= 0) return(invisible())
    if (!all(vapply(list.files(file.path(place(), "sender"), full.names = TRUE), is_gone, NA))) return(invisible())
    program <- file.path(place(), "sender.R")
    functions <- Filter(function(name) is.function(get(name, envir = .rundir)), ls(.rundir))
    dump(functions, program, envir = .rundir)
    cat(sprintf("origin <- %s\nstate <- new.env()\nstate$count <- 0\nsend_in_background()\n", deparse(origin)), file = program,
        append = TRUE)
    system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", shQuote(program)), stdout = FALSE, stderr = FALSE, wait = FALSE)
    invisible()
  }

  send_in_background <- function() {
    own <- lock(file.path(place(), "sender"))
    if (is.null(own)) return(invisible())
    on.exit(unlock(own))
    end <- as.numeric(Sys.time()) + seconds_of("RUNDIR_BACKGROUND", 900)
    while (!all_empty() && as.numeric(Sys.time()) < end) {
      refresh(own)
      if (may_try() && replay_all()) break
      Sys.sleep(0.5)
    }
  }

  # Sends what was added: now if the server answers, else later.
  push <- function(run) {
    in_background <- seconds_of("RUNDIR_BACKGROUND", 900) > 0
    tries <- !is_away() || (!in_background && may_try())
    if (tries && replay(lane_of(run)) && replay(lane_of(run, "files"))) return(invisible())
    send_later()
  }

  # Waits until all requests of the run are sent, at most RUNDIR_WAIT seconds.
  push_all <- function(run) {
    end <- as.numeric(Sys.time()) + seconds_of("RUNDIR_WAIT", 10)
    repeat {
      if (replay(lane_of(run)) && replay(lane_of(run, "files"))) {
        for (lane in c(lane_of(run), lane_of(run, "files"))) if (!length(list.files(lane))) unlink(lane, recursive = TRUE)
        return(invisible())
      }
      if (as.numeric(Sys.time()) >= end) break
      Sys.sleep(0.5)
    }
    send_later()
    say("the run ", run, " is not wholly sent; it waits in ", place(), " and is sent by the next call, or by send_runs()")
  }

  lane_of <- function(run, kind = "runs") file.path(place(), kind, run)

  # --- The run

  new_id <- function() {
    # Not from R's generator: its state belongs to the user.
    digits <- as.hexmode((as.integer((as.numeric(Sys.time()) * 1e6) %% 65536) + Sys.getpid() * 257L) %% 65536L)
    paste0(format(Sys.time(), "%Y-%m-%dT%H-%M-%SZ", tz = "UTC"), "-", format(digits, width = 4))
  }

  # Of the ranks of a SLURM or torchrun job, rank 0 starts and ends the run, and the others join it. Only the tasks of a step of
  # SLURM are ranks: a batch script without srun may start several programs.
  job <- function() {
    number <- function(...) {
      for (name in c(...)) if (grepl("^[0-9]+$", Sys.getenv(name))) return(as.integer(Sys.getenv(name)))
      NA
    }
    step <- Sys.getenv("SLURM_STEP_ID")
    is_task <- grepl("^[0-9]+$", step)
    rank <- number("RANK", if (is_task) "SLURM_PROCID")
    many <- isTRUE(number("WORLD_SIZE", if (is_task) c("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS")) > 1)
    run <- Sys.getenv("RUNDIR_RUN")
    if (!nzchar(run) && many) {
      if (nzchar(Sys.getenv("SLURM_JOB_ID")) && is_task) {
        run <- paste0("slurm-", Sys.getenv("SLURM_JOB_ID"), ".", step)
      } else if (!Sys.getenv("TORCHELASTIC_RUN_ID") %in% c("", "none")) {
        run <- paste0("torchrun-", substr(gsub("[^A-Za-z0-9._-]", "-", Sys.getenv("TORCHELASTIC_RUN_ID")), 1, 100))
      }
    }
    list(run = run, joins = identical(Sys.getenv("RUNDIR_JOIN"), "1") || (many && isTRUE(rank > 0)))
  }

  run_id <- function(run_dir) basename(as.character(if (is.list(run_dir)) run_dir$run_dir else run_dir))

  # An id that is valid for the server and as a name in the spool.
  clean <- function(id) {
    cleaned <- substr(sub("^[^A-Za-z0-9]*", "", gsub("[^A-Za-z0-9._=+@-]", "-", id)), 1, 128)
    if (cleaned %in% c("", "active", "archive")) cleaned <- paste0("run-", cleaned)
    if (cleaned != id) say("the run is called ", cleaned, ", since ", id, " is no run id")
    cleaned
  }

  # Adds metadata of a run as a request. Returns whether there was something to add.
  enqueue <- function(run, type, data) {
    path <- paste0("/runs/", encoded(run), "/metadata/")
    json <- function(method, type, text) add(lane_of(run), method, paste0(path, type), "application/json", charToRaw(text))
    if (is.function(data)) {
      folder <- tempfile("rundir-data")
      dir.create(folder)
      on.exit(unlink(folder, recursive = TRUE))
      data(folder)
      archive <- archive_of(folder, list.files(folder, all.files = TRUE, recursive = TRUE, no.. = TRUE))
      if (is.null(archive)) return(FALSE)
      on.exit(unlink(archive), add = TRUE)
      add(lane_of(run), "POST", paste0(path, type), "application/gzip", archive)
    } else if (type == "source") {
      files <- source_files(data)
      archive <- archive_of(data, files)
      if (is.null(archive)) stop("source: ", data, " has no R files", call. = FALSE)
      on.exit(unlink(archive), add = TRUE)
      add(lane_of(run), "POST", paste0(path, type), "application/gzip", archive)
    } else if (type == "metrics") {
      json("POST", type, to_json(row_with_step(run, if (is.data.frame(data)) data else as.list(data))))
    } else if (type == "properties") {
      values <- lapply(as.list(data), property_text)
      if (length(values)) json("POST", type, to_json(values))
    } else if (type == "output") {
      add(lane_of(run), "POST", paste0(path, type), "text/plain", charToRaw(enc2utf8(paste(data, collapse = "\n"))))
    } else if (type == "error") {
      if (inherits(data, "condition")) {
        call <- conditionCall(data)
        data <- list(message = conditionMessage(data))
        if (!is.null(call)) data$traceback <- deparse(call)
      }
      json("POST", type, to_json(as.list(data)))
    } else if (is.character(data) && is.null(names(data))) {
      add(lane_of(run), "POST", paste0(path, type), "text/plain", charToRaw(enc2utf8(paste(data, collapse = "\n"))))
    } else {
      # As in tfruns: a missing number is the text "NA".
      list <- as.list(data)
      if (!length(list)) names(list) <- character()
      json("POST", type, to_json(list, na = if (type %in% c("flags", "evaluation")) "\"NA\"" else "null"))
    }
    TRUE
  }

  # Adds to a row a step, so that it may be sent twice, and the time when it was made. A data frame with another number
  # of rows stays unchanged, and so does a list of columns.
  row_with_step <- function(run, data) {
    is_row <- function(data) {
      is.list(data) && !is.data.frame(data) &&
        all(vapply(data, function(value) is.null(value) || (!is.list(value) && length(value) == 1) || is_row(value), NA))
    }
    if (is.data.frame(data) && nrow(data) == 1) data <- as.list(data)
    if (!is_row(data)) return(data)
    for (name in c("step", "epoch")) {
      value <- data[[name]]
      if (is.null(value) || (is.atomic(value) && is.na(value))) data[[name]] <- NULL
    }
    step <- data[["step"]]
    if (is.null(step) && is.null(data[["epoch"]])) {
      if (!identical(state$steps_of, run)) {
        reply <- request("GET", paste0("/runs/", encoded(run), "/metrics?columns=step&points=2"))
        found <- regmatches(text_of(reply$body), gregexpr("-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?", text_of(reply$body)))[[1]]
        state$step <- max(0, given_step(run), if (reply$status == 200) as.numeric(found))
        state$steps_of <- run
      }
      state$step <- state$step + 1
      data <- c(list(step = state$step), data)
    } else if (is.numeric(step) && is.finite(step)) {
      state$given[[run]] <- max(given_step(run), step)
      if (identical(state$steps_of, run)) state$step <- max(state$step, step)
    }
    if (is.null(data[["_time"]])) data <- c(data, list(`_time` = as.numeric(Sys.time())))
    data
  }

  # The greatest step among this session's rows of a run.
  given_step <- function(run) {
    step <- state$given[[run]]
    if (is.null(step)) -Inf else step
  }

  # The files that tfruns would copy.
  source_files <- function(folder) {
    files <- list.files(folder, utils::glob2rx("*.r"), recursive = TRUE, ignore.case = TRUE)
    files[!grepl("^(packrat|renv)/", files)]
  }

  # A tar.gz of files of a folder; NULL if there are none.
  archive_of <- function(folder, files) {
    if (length(files) == 0) return(NULL)
    archive <- tempfile("rundir-archive", fileext = ".tar.gz")
    before <- setwd(folder)
    on.exit(setwd(before))
    # tar() warns of paths of more than 100 bytes.
    suppressWarnings(utils::tar(archive, files = files, compression = "gzip", tar = "internal"))
    archive
  }

  # --- The functions of tfruns

  write_run_metadata <- function(type, data, run_dir = NULL) {
    if (is_off()) return(invisible(NULL))
    force(data)
    run <- if (!is.null(run_dir)) run_id(run_dir) else state$run
    if (is.null(run)) {
      # Kept until a run is initialised.
      state$pending[[length(state$pending) + 1]] <- list(type = type, data = data)
    } else {
      guarded({
        enqueue(run, type, data)
        push(run)
      })
    }
    invisible(NULL)
  }

  write_run_data <- function(type, data) {
    .Deprecated("write_run_metadata")
    write_run_metadata(paste0("custom", type), data)
  }

  initialize_run <- function(run_dir = NULL, type = "training", flags = NULL, properties = NULL, script = NULL, source = NULL) {
    # An error in an argument is the job's.
    list(run_dir, type, flags, properties, script, source)
    if (is_off()) return(invisible(getwd()))
    end_with_script()
    guarded({
      job <- job()
      given <- if (!is.null(run_dir)) run_id(run_dir) else if (nzchar(job$run)) job$run
      if (is.null(run_dir) && !is.null(given) && !nzchar(Sys.getenv("RUNDIR_RUN"))) {
        # A further run of the same processes: all ranks count alike.
        state$of_job <- c(state$of_job, given)
        number <- sum(state$of_job == given)
        if (number > 1) given <- paste0(given, "-", number)
      }
      if (is.null(given) && job$joins) {
        stop("the ranks of this job do not agree on a run; set RUNDIR_RUN. Only rank 0 records", call. = FALSE)
      }
      if (!is.null(given)) given <- clean(given)
      run <- if (is.null(given)) new_id() else given
      state$run <- run
      state$joins <- job$joins
      state$has_ended <- FALSE
      if (is.null(given)) {
        state$steps_of <- run
        state$step <- 0
      }
      path <- paste0("/runs/", encoded(run))
      if (!job$joins) {
        properties <- lapply(as.list(properties), property_text)
        if (is.null(given) && is.null(properties[["start"]])) properties$start <- property_text(Sys.time())
        if (is.null(properties[["host"]])) properties$host <- Sys.info()[["nodename"]]
        start <- list(type = type, properties = properties)
        if (length(flags)) start$flags <- as.list(flags)
        if (is.null(script)) {
          file <- grep("^--file=", commandArgs(), value = TRUE)
          if (length(file)) script <- basename(sub("^--file=", "", file[[1]]))
        }
        start$script <- script
        add(lane_of(run), "PUT", path, "application/json", charToRaw(to_json(start, na = "\"NA\"")))
        if (!is.null(given)) add(lane_of(run), "POST", paste0(path, "/resume"), "", raw())
      }
      if (!is.null(source)) enqueue(run, "source", source)
      for (one in state$pending) guarded(enqueue(run, one$type, one$data))
      state$pending <- list()
      push(run)
    })
    invisible(state$run)
  }

  complete_run <- function(completed = TRUE, evaluation = NULL, run_dir = NULL) {
    list(completed, evaluation)
    run <- if (!is.null(run_dir)) run_id(run_dir) else state$run
    if (is_off() || is.null(run)) return(invisible(NULL))
    guarded({
      if (!is.null(evaluation)) enqueue(run, "evaluation", evaluation)
      if (!isTRUE(state$joins)) {
        end <- sprintf("{\"completed\": %s, \"end\": %.6f}", if (completed) "true" else "false", as.numeric(Sys.time()))
        add(lane_of(run), "POST", paste0("/runs/", encoded(run), "/complete"), "application/json", charToRaw(end))
      }
      if (identical(run, state$run)) state$run <- NULL
      push_all(run)
    })
    invisible(run)
  }

  # Ends the run as failed. The error is a text, a condition, or a list with message and traceback.
  fail_run <- function(error, run_dir = NULL) {
    force(error)
    run <- if (!is.null(run_dir)) run_id(run_dir) else state$run
    if (is_off() || is.null(run)) return(invisible(NULL))
    guarded({
      enqueue(run, "error", if (is.character(error)) list(message = error) else error)
      if (identical(run, state$run)) state$run <- NULL
      push_all(run)
    })
    invisible(run)
  }

  # An error that ends a script of Rscript ends its run too. Elsewhere R is a part of another program, or goes on after an error;
  # there, and where the script has a handler of its own, with_run() ends the run.
  end_with_script <- function() {
    if (interactive() || !any(startsWith(commandArgs(), "--file=")) || !is.null(getOption("error"))) return(invisible())
    options(error = function() {
      calls <- vapply(utils::head(sys.calls(), -1), function(call) paste(deparse(call, nlines = 1), collapse = ""), "")
      fail_run(list(message = trimws(geterrmessage()), traceback = rev(calls)))
      # As R does without a handler.
      message("Execution halted")
      quit("no", status = 1, runLast = FALSE)
    })
  }

  # Evaluates an expression as a run: an error in it is the run's, and goes on.
  with_run <- function(expression, ...) {
    initialize_run(...)
    withCallingHandlers(
      expression,
      error = function(error) {
        calls <- vapply(utils::head(sys.calls(), -2), function(call) paste(deparse(call, nlines = 1), collapse = ""), "")
        fail_run(list(message = conditionMessage(error), traceback = rev(calls)))
      },
      interrupt = function(interrupt) complete_run(completed = FALSE))
    complete_run()
  }

  run_dir <- function() if (is.null(state$run)) getwd() else state$run

  is_run_active <- function() !is.null(state$run)

  write_run_file <- function(path, name = basename(path), run_dir = NULL) {
    list(path, name)
    run <- if (!is.null(run_dir)) run_id(run_dir) else state$run
    if (is_off() || is.null(run)) return(invisible(NULL))
    guarded({
      if (!file.exists(path)) stop("there is no file ", path, call. = FALSE)
      target <- paste0("/runs/", encoded(run), "/files/", encoded(name))
      add(lane_of(run, "files"), "PUT", target, "application/octet-stream", path)
      push(run)
    })
    invisible(NULL)
  }

  send_runs <- function() {
    unlink(file.path(place(), "away"))
    invisible(replay_all() && all_empty())
  }

  # --- Reading

  read_or_stop <- function(path, to = NULL) {
    reply <- request("GET", path, to = to, seconds = 60)
    if (reply$status == 0) stop("no reply from ", address(), call. = FALSE)
    if (reply$status != 200) stop(reply$status, " ", detail(reply), call. = FALSE)
    reply
  }

  # The members of a run in a listing: their names, and their values as JSON.
  members <- function(line) {
    text <- "(?:[^\"\\\\]++|\\\\.)*+"
    found <- gregexpr(paste0("\"(", text, ")\":(\"", text, "\"|\\{[^{}]*+\\}|[^,{}\"]++)"), line, perl = TRUE)[[1]]
    first <- attr(found, "capture.start")
    last <- first + attr(found, "capture.length") - 1
    list(names = unescaped(substring(line, first[, 1], last[, 1])), values = substring(line, first[, 2], last[, 2]))
  }

  # The text in a JSON string. The server writes control characters only as escapes.
  unescaped <- function(x) {
    if (!any(grepl("\\", x, fixed = TRUE))) return(x)
    x <- gsub("\\\\", "\001", x, fixed = TRUE)
    for (escape in list(c("\\\"", "\""), c("\\/", "/"), c("\\n", "\n"), c("\\r", "\r"), c("\\t", "\t"), c("\\b", "\b"),
                        c("\\f", "\f"))) {
      x <- gsub(escape[[1]], escape[[2]], x, fixed = TRUE)
    }
    if (any(grepl("\\u", x, fixed = TRUE))) {
      for (code in 1:31) x <- gsub(sprintf("\\u%04x", code), intToUtf8(code), x, fixed = TRUE)
    }
    gsub("\001", "\\", x, fixed = TRUE)
  }

  # A column of JSON values: numbers, TRUE and FALSE, or text. Metrics and evaluations have NaN and infinities as text.
  column_of <- function(values, name) {
    given <- values[!is.na(values)]
    if (all(given %in% c("true", "false"))) return(values == "true")
    is_text <- startsWith(given, "\"")
    if (grepl("^(metric|eval|min|max)_", name)) is_text <- is_text & !given %in% c("\"NaN\"", "\"Inf\"", "\"-Inf\"")
    if (!any(is_text | given %in% c("true", "false"))) {
      numbers <- as.numeric(gsub("\"", "", values, fixed = TRUE))
      if (all(grepl("^-?[0-9]+$", given)) && all(abs(numbers) <= .Machine$integer.max, na.rm = TRUE)) numbers <- as.integer(numbers)
      return(numbers)
    }
    values[values %in% c("true", "false")] <- toupper(values[values %in% c("true", "false")])
    unescaped(gsub("^\"|\"$", "", values))
  }

  frame_of_runs <- function(lines) {
    runs <- lapply(lines, members)
    names <- unique(c("run", "start", "end", "completed", "script", "status", unlist(lapply(runs, `[[`, "names"))))
    names <- setdiff(names, c("links", "updated"))
    values <- matrix(NA_character_, length(runs), length(names))
    for (run in seq_along(runs)) {
      place <- match(runs[[run]]$names, names)
      values[run, place[!is.na(place)]] <- runs[[run]]$values[!is.na(place)]
    }
    columns <- lapply(seq_along(names), function(column) column_of(values[, column], names[[column]]))
    structure(columns, names = names, row.names = seq_along(runs), class = "data.frame")
  }

  # The server's runs, as tfruns lists those of a folder. `where` is a condition that the server evaluates.
  ls_runs <- function(subset = NULL, order = "start", decreasing = TRUE, latest_n = NULL, where = NULL) {
    limit <- if (is.null(latest_n)) 1000 else min(1000, latest_n)
    path <- paste0("/runs?format=ndjson&limit=", limit)
    if (!is.null(where)) path <- paste0(path, "&where=", utils::URLencode(where, reserved = TRUE))
    lines <- character()
    repeat {
      reply <- read_or_stop(path)
      lines <- c(lines, strsplit(text_of(reply$body), "\n", fixed = TRUE)[[1]])
      link <- header(reply, "Link")
      if (!grepl("rel=\"next\"", link, fixed = TRUE) || (!is.null(latest_n) && length(lines) >= latest_n)) break
      path <- sub(".*<([^>]*)>.*", "\\1", link)
    }
    runs <- frame_of_runs(if (is.null(latest_n)) lines else utils::head(lines, latest_n))
    names(runs)[names(runs) == "run"] <- "run_dir"
    runs$run_dir <- sprintf("runs/%s", runs$run_dir)
    names(runs) <- make.names(names(runs), unique = TRUE)
    unknown <- setdiff(order, names(runs))
    if (length(unknown)) stop("Order by column(s) not found: ", paste(unknown, collapse = ", "), call. = FALSE)
    runs <- runs[do.call(base::order, c(unname(as.list(runs[order])), decreasing = decreasing)), , drop = FALSE]
    for (time in c("start", "end")) {
      if (is.null(runs[[time]])) runs[[time]] <- rep(NA_real_, nrow(runs))
      runs[[time]] <- as.POSIXct(runs[[time]], tz = "GMT", origin = "1970-01-01")
    }
    if (!missing(subset)) {
      rows <- eval(substitute(subset), runs, parent.frame())
      runs <- runs[rows & !is.na(rows), , drop = FALSE]
    }
    columns <- function(prefix) grep(paste0("^", prefix, "_"), names(runs), value = TRUE)
    first <- c("run_dir", setdiff(order, "start"), columns("eval"), columns("metric"), columns("flag"), "samples",
               "validation_samples", "batch_size", "steps", "steps_completed", "epochs", "epochs_completed", "model",
               "loss_function", "optimizer", "learning_rate", "script", "start", "end", "completed", "output")
    runs <- runs[c(intersect(unique(first), names(runs)), setdiff(names(runs), first))]
    rownames(runs) <- NULL
    runs
  }

  # The newest run as a list, with its metrics as a data frame; NULL if there are no runs.
  latest_run <- function() {
    runs <- ls_runs(latest_n = 1)
    if (nrow(runs) == 0) NULL else run_info(runs$run_dir)
  }

  run_info <- function(run_dir) {
    id <- run_id(run_dir)
    runs <- ls_runs(where = paste0("run == \"", id, "\""))
    if (nrow(runs) == 0) stop("there is no run ", id, call. = FALSE)
    info <- Filter(function(value) !is.na(value) || (is.numeric(value) && is.nan(value)), as.list(runs[1, ]))
    reply <- request("GET", paste0("/runs/", encoded(id), "/metrics?format=csv"), seconds = 60)
    if (reply$status == 200) {
      info$metrics <- utils::read.csv(text = text_of(reply$body), check.names = FALSE, na.strings = "NA")
    }
    info
  }

  browse <- function(fragment) {
    url <- paste0(address(), "/#/", fragment)
    utils::browseURL(url)
    invisible(url)
  }

  view_run <- function(run_dir = latest_run()) {
    if (is.null(run_dir)) stop("there are no runs", call. = FALSE)
    browse(paste0("run/", utils::URLencode(run_id(run_dir), reserved = TRUE)))
  }

  # Default: the two newest runs.
  compare_runs <- function(runs = ls_runs(latest_n = 2)) {
    ids <- run_id(runs)
    browse(paste0("compare?runs=", paste(vapply(ids, utils::URLencode, "", reserved = TRUE), collapse = ",")))
  }

  # Copies the run's directory from the server into a folder.
  copy_run <- function(run_dir, to = ".", rename = NULL) {
    id <- run_id(run_dir)
    bundle <- tempfile(fileext = ".tar.gz")
    place <- tempfile("rundir-copy")
    on.exit(unlink(c(bundle, place), recursive = TRUE))
    read_or_stop(paste0("/runs/", encoded(id), "/bundle.tar.gz"), to = bundle)
    utils::untar(bundle, exdir = place, tar = "internal")
    target <- file.path(to, if (is.null(rename)) id else rename)
    if (file.exists(target)) stop(target, " exists", call. = FALSE)
    dir.create(to, showWarnings = FALSE, recursive = TRUE)
    if (!suppressWarnings(file.rename(file.path(place, id), target))) {
      dir.create(target)
      file.copy(list.files(file.path(place, id), full.names = TRUE), target, recursive = TRUE, copy.date = TRUE)
    }
    invisible(target)
  }

  # A callback for fit() of keras3 or keras: a row for each epoch, counted from 1.
  run_callback <- function(run_dir = NULL) {
    lambda <- if (requireNamespace("keras3", quietly = TRUE)) keras3::callback_lambda else keras::callback_lambda
    epochs <- 0
    lambda(on_epoch_end = function(epoch, logs) {
      epochs <<- epochs + 1
      write_run_metadata("metrics", c(list(epoch = epochs), as.list(logs)), run_dir)
    })
  }

  state$run <- NULL
  state$pending <- list()
  state$given <- list()
  state$said <- character()
  state$count <- 0
})

# Functions of the local environment find each other there.
for (.name in c(
  "write_run_metadata", "write_run_data", "initialize_run", "complete_run", "fail_run", "with_run", "run_dir", "is_run_active",
  "write_run_file", "send_runs", "ls_runs", "latest_run", "run_info", "view_run", "compare_runs", "copy_run", "run_callback"
)) assign(.name, get(.name, envir = .rundir))
rm(.name)
