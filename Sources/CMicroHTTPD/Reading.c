/// A filter for what libmicrohttpd reads.
#define _GNU_SOURCE
#include "CMicroHTTPD.h"
#include "TLS.h"

#include <dlfcn.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

/// The readers of sockets, by descriptor, in pages. A page is made when it is first needed, and stays.
enum { readers_in_page = 1024, reader_pages = 4096 };
typedef _Atomic(void *) reader_slot;
static _Atomic(reader_slot *) readers[reader_pages];

static _Atomic(cmhd_filter) reading = NULL;

void cmhd_set_filter(cmhd_filter filter) {
    reading = filter;
}

bool cmhd_is_filtered(void) {
    return dlsym(RTLD_DEFAULT, "recv") == (void *) recv
        && dlsym(RTLD_DEFAULT, "gnutls_record_recv") == (void *) gnutls_record_recv;
}

ssize_t cmhd_read_filtered(void *reader, cmhd_source source, void *of, void *buffer, size_t size) {
    cmhd_filter filter = reading;
    return filter(reader, source, of, buffer, size);
}

static void *reader_of(int socket) {
    if (socket < 0 || socket >= readers_in_page * reader_pages) {
        return NULL;
    }
    reader_slot *page = readers[socket / readers_in_page];
    return page == NULL ? NULL : (void *) page[socket % readers_in_page];
}

bool cmhd_set_reader(int socket, void *reader) {
    if (socket < 0 || socket >= readers_in_page * reader_pages) {
        return false;
    }
    _Atomic(reader_slot *) *place = &readers[socket / readers_in_page];
    reader_slot *page = *place;
    if (page == NULL) {
        page = calloc(readers_in_page, sizeof *page);
        reader_slot *other = NULL;
        if (page != NULL && !atomic_compare_exchange_strong(place, &other, page)) {
            free(page);
            page = other;
        }
    }
    if (page == NULL) {
        return false;
    }
    page[socket % readers_in_page] = reader;
    return true;
}

/// A cmhd_source: a socket.
static ssize_t receive(void *of, void *buffer, size_t size) {
    ssize_t count = recvfrom((int) (intptr_t) of, buffer, size, 0, NULL, NULL);
    return count < 0 ? -errno : count;
}

/// Interposes the C library's function of the same name, in the way of Interposed.h. libmicrohttpd reads plain
/// connections with it (MHD_recv_ in mhd_sockets.h, without flags). For all other callers in the process it works as
/// usual.
ssize_t recv(int socket, void *buffer, size_t size, int flags) {
    void *reader = flags == 0 ? reader_of(socket) : NULL;
    if (reader == NULL) {
        return recvfrom(socket, buffer, size, flags, NULL, NULL);
    }
    ssize_t count = cmhd_read_filtered(reader, receive, (void *) (intptr_t) socket, buffer, size);
    if (count >= 0) {
        return count;
    }
    errno = (int) -count;
    return -1;
}
