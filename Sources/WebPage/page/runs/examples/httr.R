library(httr); library(jsonlite)
run <- PUT("http://localhost:7117/runs/lr-0.1")$url
send <- function(type, data) POST(paste0(run, "/metadata/", type), body = toJSON(data, digits = NA), content_type_json())
send("flags", list(lr = 0.1, batch_size = 32))
send("metrics", list(epoch = 1, loss = 0.42, val_loss = 0.47))      # or a data frame, growing, with NA for epochs to come
send("evaluation", list(loss = 0.0871, acc = 0.9712))
POST(paste0(run, "/complete"))
