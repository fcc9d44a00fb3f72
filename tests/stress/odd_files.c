/* A file system whose files are slow, or fail, or answer in other odd ways, by their names:
 *
 *   odd_files SOURCE MOUNTPOINT    mirrors the directory SOURCE, in the foreground, until it is unmounted
 *
 *   slow-*    each read takes 3 ms            late-*   open takes 20 ms
 *   stuck-*   each read takes 400 ms          short-*  a read gives 1,000 bytes at most
 *   longer-*  claims to be twice as long      shut-*   open fails: EACCES
 *   broken-*  EIO from byte 4,096 on
 *
 * Nothing of an odd file is cached by the kernel, so that what happens here reaches the reader. */
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int source = -1;

static int is(const char* path, const char* what) { return strncmp(path + 1, what, strlen(what)) == 0; }

static const char* relative(const char* path) { return path[1] == '\0' ? "." : path + 1; }

static void sleep_ms(long ms) {
  struct timespec left = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

static int odd_getattr(const char* path, struct stat* status, struct fuse_file_info* file) {
  (void)file;
  if (fstatat(source, relative(path), status, AT_SYMLINK_NOFOLLOW) != 0) {
    return -errno;
  }
  if (is(path, "longer-")) {
    status->st_size *= 2;
  }
  return 0;
}

static int odd_readdir(const char* path, void* into, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info* file,
                       enum fuse_readdir_flags flags) {
  (void)offset;
  (void)file;
  (void)flags;
  DIR* const open_directory = fdopendir(openat(source, relative(path), O_RDONLY | O_DIRECTORY));
  if (open_directory == NULL) {
    return -errno;
  }
  for (const struct dirent* entry; (entry = readdir(open_directory)) != NULL;) {
    fill(into, entry->d_name, NULL, 0, 0);
  }
  closedir(open_directory);
  return 0;
}

static int odd_open(const char* path, struct fuse_file_info* file) {
  if (is(path, "shut-")) {
    return -EACCES;
  }
  if (is(path, "late-")) {
    sleep_ms(20);
  }
  const int opened = openat(source, relative(path), O_RDONLY);
  if (opened < 0) {
    return -errno;
  }
  file->fh = (uint64_t)opened;
  file->direct_io = 1;
  return 0;
}

static int odd_read(const char* path, char* into, size_t size, off_t offset, struct fuse_file_info* file) {
  if (is(path, "slow-")) {
    sleep_ms(3);
  } else if (is(path, "stuck-")) {
    sleep_ms(400);
  } else if (is(path, "broken-") && offset + (off_t)size > 4096) {
    if (offset >= 4096) {
      return -EIO;
    }
    size = (size_t)(4096 - offset);
  } else if (is(path, "short-") && size > 1000) {
    size = 1000;
  }
  const ssize_t got = pread((int)file->fh, into, size, offset);
  return got < 0 ? -errno : (int)got;
}

static int odd_release(const char* path, struct fuse_file_info* file) {
  (void)path;
  close((int)file->fh);
  return 0;
}

int main(int argc, char** argv) {
  static const struct fuse_operations operations = {
      .getattr = odd_getattr, .readdir = odd_readdir, .open = odd_open, .read = odd_read, .release = odd_release};
  if (argc != 3) {
    fprintf(stderr, "usage: odd_files SOURCE MOUNTPOINT\n");
    return 2;
  }
  source = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (source < 0) {
    perror(argv[1]);
    return 2;
  }
  char* arguments[] = {argv[0], (char*)"-f", argv[2], NULL};
  return fuse_main(3, arguments, &operations, NULL);
}
