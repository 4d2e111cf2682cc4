// Preloaded before libserialport, and before umockdev's library: makes a PTY pass for a
// serial port. A PTY has no modem lines (TIOCMGET answers ENOTTY, and sp_open() gives
// up), and cannot be held exclusively by processes that umockdev watches.
#include <asm/ioctls.h>
#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdarg>

namespace {

// The majors of Unix98 PTY slaves (Linux Documentation/admin-guide/devices.txt).
constexpr unsigned kFirstPtyMajor = 136, kLastPtyMajor = 143;
// Clear to send, data set ready, carrier: what a board that is there shows.
constexpr int kModemLines = 0x020 | 0x100 | 0x040;

bool is_pty(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
         major(status.st_rdev) >= kFirstPtyMajor &&
         major(status.st_rdev) <= kLastPtyMajor;
}

}  // namespace

extern "C" int ioctl(int fd, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  if (is_pty(fd)) {
    switch (request) {
      case TIOCMGET:
        *static_cast<int*>(argument) = kModemLines;
        return 0;
      case TIOCMSET:
      case TIOCMBIS:
      case TIOCMBIC:
      case TIOCEXCL:
      case TIOCNXCL:
        return 0;
      default:
        // Past umockdev, which knows no requests of a tty.
        return static_cast<int>(syscall(SYS_ioctl, fd, request, argument));
    }
  }
  // The next in line may be umockdev's, which a system call would bypass.
  using Ioctl = int (*)(int, unsigned long, ...);
  static const auto next = reinterpret_cast<Ioctl>(dlsym(RTLD_NEXT, "ioctl"));
  return next(fd, request, argument);
}
