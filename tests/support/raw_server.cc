#include "tests/support/raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace vhookd::testing {

std::optional<std::string> RawConnection::request() {
  std::array<char, 65536> chunk;
  for (;;) {
    const std::size_t head = buffer_.find("\r\n\r\n");
    if (head != buffer_.npos) {
      const std::size_t field = buffer_.find("Content-Length: ");
      const std::size_t body = field < head ? std::stoul(buffer_.substr(field + 16, 16)) : 0;
      if (buffer_.size() >= head + 4 + body) {
        std::string whole = buffer_.substr(0, head + 4 + body);
        buffer_.erase(0, whole.size());
        return whole;
      }
    }
    const ssize_t got = recv(fd_, chunk.data(), chunk.size(), 0);
    if (got <= 0) return std::nullopt;
    buffer_.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

bool RawConnection::send(std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (put <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

void RawConnection::answer(std::string_view status_and_headers, std::string_view body) {
  std::string out = "HTTP/1.1 ";
  out.append(status_and_headers).append("\r\ncontent-length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  send(out.append(body));
}

void RawConnection::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void RawConnection::wait_until_gone() {
  std::array<char, 4096> chunk;
  while (recv(fd_, chunk.data(), chunk.size(), 0) > 0) {
  }
}

bool RawConnection::gone_within(std::chrono::milliseconds time) {
  pollfd watched{.fd = fd_, .events = POLLIN | POLLRDHUP, .revents = 0};
  return poll(&watched, 1, static_cast<int>(time.count())) > 0;
}

RawServer::RawServer(Script script, const std::string& address) : script_(std::move(script)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in in{};
  in.sin_family = AF_INET;
  inet_pton(AF_INET, address.c_str(), &in.sin_addr);
  socklen_t size = sizeof in;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&in), sizeof in) != 0 || listen(listener_, 128) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&in), &size) != 0) {
    throw std::runtime_error("no listening socket on " + address);
  }
  port_ = ntohs(in.sin_port);
  acceptor_ = std::thread([this] { serve(); });
}

RawServer::~RawServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& script : scripts_) script.join();
  close(listener_);
}

std::string RawServer::url(const std::string& host) const {
  return "http://" + host + ":" + std::to_string(port_) + "/hook";
}

void RawServer::serve() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      close(fd);
      return;
    }
    ++connections_;
    open_.push_back(fd);
    scripts_.emplace_back([this, fd] {
      RawConnection connection(fd);
      script_(connection);
      const std::lock_guard closing(mutex_);
      std::erase(open_, fd);
      close(fd);
    });
  }
}

RawServer::Script always(std::string answer) {
  return [answer = std::move(answer)](RawConnection& connection) {
    while (connection.request()) connection.send(answer);
  };
}

}  // namespace vhookd::testing
