// A mysql:// or mariadb:// URL taken apart. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/secret.h"

namespace vhookd::mysql {

enum class SslMode { disabled, preferred, required, verify_ca, verify_identity };

struct Address {
  std::string host = "localhost";  // without brackets
  int port = 3306;
  std::string socket;  // a path; set: host and port do not count
  std::string user;    // empty: the operating system's name of this process's user
  Secret password;
  std::string database;  // empty: none
  SslMode ssl_mode = SslMode::disabled;
  std::string ssl_ca;
  std::string ssl_cert;
  std::string ssl_key;
  std::optional<std::chrono::milliseconds> connect_timeout;

  std::string place() const;  // "db.example:3306", "[::1]:3306", the socket's path
};

// Every error is Recourse::ask_operator and repeats nothing of the URL but a parameter's name.
Result<Address> parse_url(std::string_view url);

}  // namespace vhookd::mysql
