#include "daemon/api/listening_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace vhookd {

namespace {

constexpr int backlog = 64;
constexpr int how = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

std::unexpected<Error> refuse(const std::string& place, const std::string& why) {
  return fail(Recourse::ask_operator, "cannot listen on " + place + ": " + why);
}

// Closes `fd` and returns an error with the errno of the call that failed.
std::unexpected<Error> give_up(int fd, const std::string& place) {
  const std::string why = std::strerror(errno);
  if (fd >= 0) ::close(fd);
  return refuse(place, why);
}

socklen_t fill(sockaddr_storage& storage, const ListenAddress& address) {
  if (address.host.find(':') == std::string::npos) {
    auto& four = reinterpret_cast<sockaddr_in&>(storage);
    four.sin_family = AF_INET;
    four.sin_port = htons(static_cast<std::uint16_t>(address.port));
    inet_pton(AF_INET, address.host.c_str(), &four.sin_addr);
    return sizeof four;
  }
  auto& six = reinterpret_cast<sockaddr_in6&>(storage);
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(static_cast<std::uint16_t>(address.port));
  inet_pton(AF_INET6, address.host.c_str(), &six.sin6_addr);
  return sizeof six;
}

int port_of(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  if (bound.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in&>(bound).sin_port);
  return ntohs(reinterpret_cast<sockaddr_in6&>(bound).sin6_port);
}

// Removes the socket file at `address` if nobody listens on it. Returns an error if the path is in use.
Result<void> clear_stale(const sockaddr_un& address, const std::string& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) == 0 && !S_ISSOCK(found.st_mode)) {
    return refuse(path, "a file that is not a socket already exists there; remove it, or set api.socket");
  }
  const int probe = ::socket(AF_UNIX, how, 0);
  if (probe < 0) return give_up(probe, path);
  const bool answered = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = answered ? 0 : errno;
  ::close(probe);
  if (answered || error == EAGAIN)
    return refuse(path, "another vhookd answers there; stop it, or set api.socket to another path");
  if (error != ECONNREFUSED && error != ENOENT) return refuse(path, std::strerror(error));
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return give_up(-1, path);
  return {};
}

}  // namespace

Result<TcpListener> listen_tcp(const ListenAddress& address) {
  const bool six = address.host.find(':') != std::string::npos;
  const std::string place = (six ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
  sockaddr_storage storage{};
  const socklen_t size = fill(storage, address);
  const int fd = ::socket(storage.ss_family, how, 0);
  if (fd < 0) return give_up(fd, place);
  const int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return give_up(fd, place);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&storage), size) != 0 || ::listen(fd, backlog) != 0) {
    if (errno != EADDRINUSE) return give_up(fd, place);
    ::close(fd);
    return refuse(place,
                  "the address is in use; stop the process that listens there, or set api.listen to another address");
  }
  return TcpListener{fd, port_of(fd)};
}

Result<UnixListener> listen_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return refuse(path, "the path is longer than " + std::to_string(sizeof address.sun_path - 1) +
                            " bytes, the limit of a socket path; set api.socket to a shorter one");
  }
  path.copy(address.sun_path, path.size());
  const int fd = ::socket(AF_UNIX, how, 0);
  // On Linux the file gets the mode of the unbound socket, so it is never accessible to others, not even between bind
  // and a chmod (unix_bind in net/unix/af_unix.c).
  if (fd < 0 || ::fchmod(fd, 0600) != 0) return give_up(fd, path);
  const auto bind = [&] { return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0; };
  if (!bind()) {
    if (errno != EADDRINUSE) return give_up(fd, path);
    if (auto cleared = clear_stale(address, path); !cleared) {
      ::close(fd);
      return std::unexpected(std::move(cleared).error());
    }
    if (!bind()) return give_up(fd, path);
  }
  struct stat made {};
  if (::listen(fd, backlog) != 0 || lstat(path.c_str(), &made) != 0) return give_up(fd, path);
  return UnixListener{fd, path, made.st_dev, made.st_ino};
}

void remove_socket_file(const UnixListener& listener) {
  struct stat now {};
  if (lstat(listener.path.c_str(), &now) != 0) return;
  if (now.st_dev == listener.device && now.st_ino == listener.inode) ::unlink(listener.path.c_str());
}

}  // namespace vhookd
