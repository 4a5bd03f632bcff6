/* The folders and files of new runs, as fast as one loop makes them: no HTTP, no journal, no sync, no listing.
 *
 * Each run is made aside and renamed to its place, as rundir does: three folders and the five properties that a run begins
 * with. Ends when SECONDS have passed, and prints how many runs it made.
 *
 *     folders FOLDER SECONDS */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../clock.h"

static void make_run(int number) {
    static const char *const names[] = {"type", "context", "script", "start", "completed"};
    static const char text[] = "1764438000.123\n";
    char run[64], path[128], place[64];
    snprintf(run, sizeof run, ".staging/new-%d", number);
    if (mkdir(run, 0755) != 0) fail("mkdir");
    snprintf(path, sizeof path, "%s/tfruns.d", run);
    if (mkdir(path, 0755) != 0) fail("mkdir");
    snprintf(path, sizeof path, "%s/tfruns.d/properties", run);
    if (mkdir(path, 0755) != 0) fail("mkdir");
    int folder = open(path, O_RDONLY | O_DIRECTORY);
    if (folder < 0) fail("open");
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
        int file = openat(folder, names[index], O_CREAT | O_EXCL | O_WRONLY, 0644);
        if (file < 0) fail("openat");
        if (write(file, text, sizeof text - 1) != (ssize_t)(sizeof text - 1)) fail("write");
        close(file);
    }
    close(folder);
    snprintf(place, sizeof place, "run-%d", number);
    if (rename(run, place) != 0) fail("rename");
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: folders FOLDER SECONDS\n");
        return 2;
    }
    if (chdir(arguments[1]) != 0) fail("chdir");
    if (mkdir(".staging", 0755) != 0) fail("mkdir");
    int64_t until = now() + (int64_t)(atof(arguments[2]) * SECOND);
    int made = 0;
    while (now() < until) make_run(made++);
    printf("%d\n", made);
    return 0;
}
