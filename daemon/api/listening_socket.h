// Sockets that listen, as file descriptors the caller owns: non-blocking, close-on-exec.
#pragma once

#include <sys/types.h>

#include <string>

#include "core/error.h"
#include "daemon/api/listen_address.h"

namespace vhookd {

struct TcpListener {
  int fd = -1;
  int port = 0;  // the real one where 0 was asked for
};
Result<TcpListener> listen_tcp(const ListenAddress& address);

// The inode tells later whether the file is still the one that was made here.
struct UnixListener {
  int fd = -1;
  std::string path;
  dev_t device = 0;
  ino_t inode = 0;
};
// Made 0600. A socket file that nobody answers on is replaced; any other file, and a socket on which
// somebody answers, is an error.
Result<UnixListener> listen_unix(const std::string& path);

// Removes the socket file unless another has taken its place since.
void remove_socket_file(const UnixListener& listener);

}  // namespace vhookd
