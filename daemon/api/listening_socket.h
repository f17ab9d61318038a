// Opens listening sockets. The caller owns the file descriptors, which are non-blocking and close-on-exec.
#pragma once

#include <sys/types.h>

#include <string>

#include "core/error.h"
#include "daemon/api/listen_address.h"

namespace vhookd {

struct TcpListener {
  int fd = -1;
  int port = 0;  // the actual port, also if port 0 was requested
};
Result<TcpListener> listen_tcp(const ListenAddress& address);

// Device and inode identify the socket file, to detect later whether another process has replaced it.
struct UnixListener {
  int fd = -1;
  std::string path;
  dev_t device = 0;
  ino_t inode = 0;
};
// Creates the socket file with mode 0600. A socket file on which nobody answers is replaced. Any other file, or a
// socket on which a process answers, is an error.
Result<UnixListener> listen_unix(const std::string& path);

// Removes the socket file, unless another process has replaced it.
void remove_socket_file(const UnixListener& listener);

}  // namespace vhookd
