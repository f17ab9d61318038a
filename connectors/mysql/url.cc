#include "connectors/mysql/url.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/text.h"

namespace vhookd::mysql {
namespace {

constexpr std::string_view known_parameters = "connect-timeout, socket, ssl-ca, ssl-cert, ssl-key, ssl-mode";

std::unexpected<Error> refuse(std::string why) {
  return fail(Recourse::ask_operator, "db_url: " + std::move(why));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return refuse("a % must be followed by two hex digits; write a plain % as %25");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  // The client library takes C strings and would cut there.
  if (out.find('\0') != std::string::npos) return refuse("%00 cannot be part of it");
  return out;
}

std::optional<int> whole_number(std::string_view text, int least, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
  return value;
}

std::optional<SslMode> ssl_mode_named(std::string_view text) {
  const std::string name = lower(text);
  if (name == "disabled") return SslMode::disabled;
  if (name == "preferred") return SslMode::preferred;
  if (name == "required") return SslMode::required;
  if (name == "verify_ca") return SslMode::verify_ca;
  if (name == "verify_identity") return SslMode::verify_identity;
  return std::nullopt;
}

bool on_this_machine(const Address& address) {
  return !address.socket.empty() || lower(address.host) == "localhost" || address.host == "::1" ||
         address.host.starts_with("127.");
}

Result<void> take_host(Address& address, std::string_view text) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return refuse("the [ before the host has no ]");
    address.host = text.substr(1, close - 1);
    port = text.substr(close + 1);
    if (!port.empty() && port[0] != ':') return refuse("after the host's ] only :port can follow");
  } else {
    const std::size_t colon = text.find(':');
    const Result<std::string> host = decode(text.substr(0, colon));
    if (!host) return std::unexpected(host.error());
    if (!host->empty()) address.host = *host;
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  if (address.host.empty() || address.host.find_first_of("[]/ ") != std::string::npos) {
    return refuse("the host is neither a name nor an address");
  }
  if (port.size() <= 1) return {};
  const std::optional<int> number = whole_number(port.substr(1), 1, 65535);
  if (!number) return refuse("the port is not a number from 1 to 65535; write an IPv6 address in brackets");
  address.port = *number;
  return {};
}

Result<void> take_parameter(Address& address, const std::string& name, std::string value, bool& mode_given) {
  if (value.empty()) return refuse("the parameter " + name + " has no value");
  if (name == "ssl-mode") {
    const std::optional<SslMode> mode = ssl_mode_named(value);
    if (!mode) return refuse("ssl-mode must be DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY");
    address.ssl_mode = *mode;
    mode_given = true;
  } else if (name == "ssl-ca") {
    address.ssl_ca = std::move(value);
  } else if (name == "ssl-cert") {
    address.ssl_cert = std::move(value);
  } else if (name == "ssl-key") {
    address.ssl_key = std::move(value);
  } else if (name == "socket") {
    if (value[0] != '/') return refuse("socket must be an absolute path");
    address.socket = std::move(value);
  } else if (name == "connect-timeout") {
    const std::optional<int> seconds = whole_number(value, 1, 3600);
    if (!seconds) return refuse("connect-timeout must be whole seconds, 1 to 3600");
    address.connect_timeout = std::chrono::seconds(*seconds);
  } else {
    return refuse("unknown parameter " + name + "; known are " + std::string(known_parameters));
  }
  return {};
}

Result<void> take_parameters(Address& address, std::string_view query) {
  bool mode_given = false;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    if (one.empty()) continue;
    const std::size_t equals = one.find('=');
    const Result<std::string> name = decode(one.substr(0, equals));
    if (!name) return std::unexpected(name.error());
    const Result<std::string> value = decode(equals == std::string_view::npos ? "" : one.substr(equals + 1));
    if (!value) return std::unexpected(value.error());
    const Result<void> taken = take_parameter(address, *name, *value, mode_given);
    if (!taken) return taken;
  }
  if (!mode_given) {
    const bool files = !address.ssl_ca.empty() || !address.ssl_cert.empty() || !address.ssl_key.empty();
    // Files given without a mode: the operator means them to count.
    if (files) return refuse("ssl-ca, ssl-cert and ssl-key need ssl-mode as well, such as VERIFY_IDENTITY");
    address.ssl_mode = on_this_machine(address) ? SslMode::disabled : SslMode::preferred;
  }
  if (address.ssl_mode == SslMode::verify_ca && address.ssl_ca.empty()) return refuse("VERIFY_CA needs ssl-ca");
  if (address.ssl_cert.empty() != address.ssl_key.empty()) return refuse("ssl-cert and ssl-key need each other");
  return {};
}

}  // namespace

std::string Address::place() const {
  if (!socket.empty()) return socket;
  const std::string shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return shown + ":" + std::to_string(port);
}

Result<Address> parse_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::string name = lower(url.substr(0, scheme));
  if (scheme == std::string_view::npos || (name != "mysql" && name != "mariadb")) {
    return refuse("it must be mysql://user:password@host:port/database or mariadb://…");
  }
  url.remove_prefix(scheme + 3);
  if (url.find('#') != std::string_view::npos) return refuse("write a # as %23");

  Address address;
  const std::size_t question = url.find('?');
  const std::string_view query = question == std::string_view::npos ? "" : url.substr(question + 1);
  url = url.substr(0, question);
  const std::size_t slash = url.find('/');
  std::string_view authority = url.substr(0, slash);
  const std::string_view path = slash == std::string_view::npos ? "" : url.substr(slash + 1);

  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view login = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    const std::size_t colon = login.find(':');
    Result<std::string> user = decode(login.substr(0, colon));
    if (!user) return std::unexpected(user.error());
    Result<std::string> password = decode(colon == std::string_view::npos ? "" : login.substr(colon + 1));
    if (!password) return std::unexpected(password.error());
    address.user = *std::move(user);
    address.password = Secret(*std::move(password));
  }
  if (const Result<void> host = take_host(address, authority); !host) return std::unexpected(host.error());
  Result<std::string> database = decode(path);
  if (!database) return std::unexpected(database.error());
  address.database = *std::move(database);
  if (const Result<void> rest = take_parameters(address, query); !rest) return std::unexpected(rest.error());
  return address;
}

}  // namespace vhookd::mysql
