/* A disk that fails, for the tests: loaded in front of the C library, it lets the
   n-th call that needs room below one folder fail. Calls are counted where data,
   names or syncs reach the file system:

   VERITRAIL_DISK_FOLDER  the folder, an absolute path
   VERITRAIL_DISK_FAILS   n; 0 only counts
   VERITRAIL_DISK_MODE    full:  from the n-th call on there is no room
                          short: as full, and half of the n-th write arrives
                          once:  only the n-th call finds no room
                          sync:  from the n-th call on, syncs fail with EIO
   VERITRAIL_DISK_COUNT   a file that gets the number of calls at the end */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum mode { FULL, SHORT, ONCE, SYNC };
enum fate { GO, NO_ROOM, HALF, BROKEN };

static const char *folder = "";
static size_t folder_length;
static long failing;
static enum mode mode;
static atomic_long n_calls;

__attribute__((constructor)) static void begin(void) {
    const char *value = getenv("VERITRAIL_DISK_FOLDER");
    if (value) folder = value;
    folder_length = strlen(folder);
    value = getenv("VERITRAIL_DISK_FAILS");
    failing = value ? atol(value) : 0;
    value = getenv("VERITRAIL_DISK_MODE");
    if (value && !strcmp(value, "short")) mode = SHORT;
    if (value && !strcmp(value, "once")) mode = ONCE;
    if (value && !strcmp(value, "sync")) mode = SYNC;
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("VERITRAIL_DISK_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "%ld", atomic_load(&n_calls));
        fclose(file);
    }
}

static int below_path(const char *path) {
    return folder_length && !strncmp(path, folder, folder_length);
}

static int below(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below_path(path);
}

static enum fate fate(int is_sync) {
    long n = atomic_fetch_add(&n_calls, 1) + 1;
    if (!failing || n < failing) return GO;
    if (mode == SYNC) return is_sync ? BROKEN : GO;
    if (mode == ONCE) return n == failing ? NO_ROOM : GO;
    return n == failing && mode == SHORT ? HALF : NO_ROOM;
}

static int refuse(enum fate why) {
    errno = why == BROKEN ? EIO : ENOSPC;
    return -1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRITER(name, parameters, whole, half)                      \
    ssize_t name parameters {                                      \
        enum fate why = below(fd) ? fate(0) : GO;                  \
        if (why == NO_ROOM) return refuse(why);                    \
        if (why == HALF && n_bytes > 1) return NEXT(name) half;    \
        return NEXT(name) whole;                                   \
    }

WRITER(write, (int fd, const void *bytes, size_t n_bytes), (fd, bytes, n_bytes),
       (fd, bytes, n_bytes / 2))
WRITER(pwrite, (int fd, const void *bytes, size_t n_bytes, off_t at),
       (fd, bytes, n_bytes, at), (fd, bytes, n_bytes / 2, at))
WRITER(pwrite64, (int fd, const void *bytes, size_t n_bytes, off64_t at),
       (fd, bytes, n_bytes, at), (fd, bytes, n_bytes / 2, at))
WRITER(writev, (int fd, const struct iovec *parts, int n_bytes), (fd, parts, n_bytes),
       (fd, parts, n_bytes / 2))

#define SYNCER(name)                                   \
    int name(int fd) {                                 \
        enum fate why = below(fd) ? fate(1) : GO;      \
        if (why != GO) return refuse(why);             \
        return NEXT(name)(fd);                         \
    }

SYNCER(fsync)
SYNCER(fdatasync)

int rename(const char *from, const char *to) {
    enum fate why = below_path(to) ? fate(0) : GO;
    if (why != GO) return refuse(why);
    return NEXT(rename)(from, to);
}

int mkdir(const char *path, mode_t mode_bits) {
    enum fate why = below_path(path) && access(path, F_OK) ? fate(0) : GO;
    if (why != GO) return refuse(why);
    return NEXT(mkdir)(path, mode_bits);
}

/* Only a file that is made needs room. */
static int makes(const char *path, int flags) {
    return (flags & O_CREAT) && below_path(path) && access(path, F_OK);
}

#define OPENER(name)                                          \
    int name(const char *path, int flags, ...) {              \
        va_list rest;                                         \
        va_start(rest, flags);                                \
        mode_t bits = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                         \
        enum fate why = makes(path, flags) ? fate(0) : GO;    \
        if (why != GO) return refuse(why);                    \
        return NEXT(name)(path, flags, bits);                 \
    }

OPENER(open)
OPENER(open64)
