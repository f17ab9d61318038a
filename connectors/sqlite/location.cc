#include "connectors/sqlite/location.h"

#include <charconv>

namespace vhookd::sqlite {

namespace {

constexpr std::string_view scheme = "sqlite://";

std::unexpected<Error> wrong(std::string_view what) {
  return fail(Recourse::ask_operator, "db_url: " + std::string(what) + "; write sqlite:///absolute/path.db");
}

}  // namespace

Result<std::string> path_of(std::string_view url) {
  if (!url.starts_with(scheme)) return wrong("not a sqlite:// URL");
  const auto rest = url.substr(scheme.size());
  if (!rest.starts_with('/')) return wrong("the path is not absolute");
  std::string path;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (c == '?') return wrong("a SQLite URL takes no options (a ? in the path is %3F)");
    if (c == '#') return wrong("a SQLite URL takes no fragment (a # in the path is %23)");
    if (c != '%') {
      path += c;
      continue;
    }
    unsigned byte = 0;
    const auto digits = rest.substr(i + 1, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2)
      return wrong("a % that is not followed by two hex digits (a % in the path is %25)");
    if (byte == 0) return wrong("%00 in the path");
    path += static_cast<char>(byte);
    i += 2;
  }
  if (path.ends_with('/')) return wrong("the path names a folder");
  return path;
}

}  // namespace vhookd::sqlite
