#include "tests/support/http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace vhookd::testing {

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(static_cast<std::uint16_t>(port));
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return in;
}

}  // namespace

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto in = loopback(0);
  socklen_t size = sizeof in;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&in), size), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&in), &size), 0);
  close(fd);
  return ntohs(in.sin_port);
}

std::string HttpAnswer::header(const std::string& name) const {
  std::string lower = head;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto at = lower.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

HttpAnswer ask_http(int port, const std::string& method, const std::string& target, const std::string& headers,
                    const std::string& body) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = 20, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const auto in = loopback(port);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&in), sizeof in), 0);
  std::string request = method + " " + target + " HTTP/1.1\r\n" + headers;
  if (!headers.contains("host:")) request += "host: 127.0.0.1:" + std::to_string(port) + "\r\n";
  request += "connection: close\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  EXPECT_EQ(send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  std::string text;
  std::array<char, 65536> chunk;
  for (ssize_t got = 0; (got = recv(fd, chunk.data(), chunk.size(), 0)) > 0;)
    text.append(chunk.data(), static_cast<std::size_t>(got));
  close(fd);
  const auto end = text.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  return {.status = std::stoi(text.substr(9)), .head = text.substr(0, end), .body = text.substr(end + 4)};
}

}  // namespace vhookd::testing
