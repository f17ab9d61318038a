#include "config/reference.h"

#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace vhookd::config {

namespace {

constexpr const char* service_credentials = "/run/credentials/vhookd.service";

using Resolved = std::expected<std::string, std::string>;  // the value, or what is wrong

constexpr std::size_t largest_secret = std::size_t{64} * 1024;

bool is_name(std::string_view name, std::string_view also) {
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || also.contains(c);
  });
}

Resolved from_env(const std::string& name, const SecretSources& sources) {
  if (!is_name(name, "_")) return std::unexpected("needs the name of a variable: ${env:NAME}");
  auto value = sources.env ? sources.env(name) : std::nullopt;
  if (!value) return std::unexpected("is not set; set " + name + " in vhookd's environment");
  return std::move(*value);
}

Resolved from_file(const std::string& path) {
  if (!path.starts_with('/')) return std::unexpected("needs an absolute path: ${file:/path}");
  auto text = read_small_file(path);
  if (!text) return std::unexpected("cannot be read (" + text.error() + "); make the file readable for vhookd");
  return text;
}

Resolved from_credential(const std::string& name, const SecretSources& sources) {
  if (!is_name(name, "._-") || name == "." || name == "..")
    return std::unexpected("needs the name of a credential: ${credential:NAME}");
  if (sources.credentials_folder.empty())
    return std::unexpected(
        "cannot be read: there is no credentials folder; run vhookd from its systemd unit with LoadCredential=" + name +
        ":/path");
  auto text = read_small_file(sources.credentials_folder + "/" + name);
  if (!text)
    return std::unexpected("cannot be read (" + text.error() + "); add LoadCredential=" + name + ":/path to the unit");
  return text;
}

// `inside`: the text between the braces.
Resolved resolve(std::string_view inside, const SecretSources& sources) {
  const std::size_t colon = inside.find(':');
  const std::string_view form = inside.substr(0, colon);
  const std::string name(colon == std::string_view::npos ? "" : inside.substr(colon + 1));
  Resolved text = std::unexpected(
      "is not a known reference; use ${env:NAME}, ${file:/path} or ${credential:NAME}, or $${ for a literal ${");
  if (form == "env") text = from_env(name, sources);
  if (form == "file") text = from_file(name);
  if (form == "credential") text = from_credential(name, sources);
  if (text && !simdjson::validate_utf8(*text))
    return std::unexpected("contains bytes that are not UTF-8; encode them, for example as base64");
  return text;
}

}  // namespace

std::expected<std::string, std::string> read_small_file(const std::string& path) {
  std::error_code fault;
  if (std::filesystem::is_directory(path, fault)) return std::unexpected("it is a folder");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected(std::strerror(errno));
  std::string text(largest_secret + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return std::unexpected("it cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > largest_secret) return std::unexpected("it is larger than 64 KiB");
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

std::string Text::value() const {
  std::string out;
  for (const Piece& piece : pieces) out += piece.text;
  return out;
}

bool Text::has_references() const {
  return std::ranges::any_of(pieces, &Piece::is_reference);
}

bool Text::has_stored_secret() const {
  return std::ranges::any_of(pieces, [](const Piece& piece) {
    return piece.written.starts_with("${file:") || piece.written.starts_with("${credential:");
  });
}

std::expected<Text, std::vector<std::string>> expand(const std::string& written, const SecretSources& sources) {
  Text text{written, {}};
  std::vector<std::string> faults;
  std::string literal;
  std::string_view rest = written;
  while (!rest.empty()) {
    if (rest.starts_with("$${")) {
      literal += "${";
      rest.remove_prefix(3);
    } else if (rest.starts_with("${")) {
      const std::size_t end = rest.find('}');
      if (end == std::string_view::npos) {
        faults.emplace_back("contains ${ without a closing }; close it, or write $${ for a literal ${");
        break;
      }
      const std::string reference(rest.substr(0, end + 1));
      auto resolved = resolve(rest.substr(2, end - 2), sources);
      if (!resolved) faults.push_back(reference + " " + resolved.error());
      if (!literal.empty()) text.pieces.push_back({std::exchange(literal, {}), {}});
      text.pieces.push_back({resolved ? std::move(*resolved) : std::string(), reference});
      rest.remove_prefix(end + 1);
    } else {
      literal += rest[0];
      rest.remove_prefix(1);
    }
  }
  if (!literal.empty()) text.pieces.push_back({std::move(literal), {}});
  if (!faults.empty()) return std::unexpected(std::move(faults));
  return text;
}

SecretSources system_secrets() {
  const auto env = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  // While the service runs, `vhookd check` as root reads the same credentials as the service.
  const bool of_the_service = ::access(service_credentials, R_OK | X_OK) == 0;
  return {env, env("CREDENTIALS_DIRECTORY").value_or(of_the_service ? service_credentials : "")};
}

}  // namespace vhookd::config
