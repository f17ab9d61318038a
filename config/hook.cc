#include "config/hook.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "config/scalars.h"
#include "core/crypto.h"
#include "core/pem.h"
#include "core/text.h"

namespace vhookd::config {

namespace {

using nlohmann::json;
using std::string_view;

constexpr std::size_t longest_hook_url = 8000;
constexpr std::size_t longest_header = 8000;
constexpr std::size_t most_headers = 50;
constexpr std::size_t most_secrets = 10;
constexpr std::size_t least_secret_bytes = 24;
constexpr std::size_t most_secret_bytes = 64;
constexpr string_view letters_and_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr string_view fresh_one = "; `vhookd secret` prints a fresh one";

bool only(string_view text, string_view also) {
  return std::ranges::all_of(text, [&](char c) { return letters_and_digits.contains(c) || also.contains(c); });
}

// HOST[:PORT] of a hook; what is wrong, or empty.
std::string fault_of_host(string_view host) {
  string_view port;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    in6_addr address{};
    if (end == string_view::npos || inet_pton(AF_INET6, std::string(host.substr(1, end - 1)).c_str(), &address) != 1)
      return "has no valid address in its brackets; write [2001:db8::1]";
    port = host.substr(end + 1);
    if (!port.empty() && port[0] != ':') return "has something stray after the ]";
    host = host.substr(0, end + 1);
  } else {
    port = host.substr(std::min(host.size(), host.find(':')));
    host = host.substr(0, host.size() - port.size());
    if (host.empty()) return "names no host; write https://HOST/PATH";
    if (!only(host, ".-_") || host.starts_with('.') || host.contains(".."))
      return "has a host that is neither a name nor an address";
  }
  if (port.empty()) return {};
  port.remove_prefix(1);
  int number = 0;
  const auto [end, fault] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (fault != std::errc() || end != port.data() + port.size() || number < 1 || number > 65535)
    return "has no valid port; write 1 to 65535, or leave the colon out";
  return {};
}

bool set_by_vhookd(string_view name) {
  constexpr string_view names[] = {"content-type", "content-length",   "user-agent",     "host", "transfer-encoding",
                                   "connection",   "proxy-connection", "expect",         "te",   "trailer",
                                   "upgrade",      "keep-alive",       "accept-encoding"};
  return name.starts_with("webhook-") || name.starts_with("vhookd-") ||
         std::ranges::find(names, name) != std::end(names);
}

// What is wrong with a header's name, or empty.
std::string fault_of_header_name(const std::string& name) {
  if (name.empty() || !only(name, "!#$%&'*+-.^_`|~")) return "is no header name; write letters, digits and -";
  if (set_by_vhookd(name)) return "is set by vhookd itself; leave it out";
  return {};
}

std::optional<Secret> read_header_value(const Input& in) {
  const auto text = read_text(in);
  if (!text) return std::nullopt;
  std::string value = text->value();
  if (value.empty()) {
    in.wrong("is empty; give it a value, or leave the header out");
  } else if (has_control(value)) {
    in.wrong("holds a line break or another control character; write it on one line");
  } else if (value.size() > longest_header) {
    in.wrong("is longer than " + std::to_string(longest_header) + " bytes");
  } else {
    return Secret(std::move(value));
  }
  return std::nullopt;
}

std::optional<Headers> read_headers(const Input& in) {
  Headers headers;
  bool whole = true;
  for (const auto& [written, entry] : entries_of(in, "header names and values")) {
    const std::string name = lower(written);
    const auto value = read_header_value(entry);
    std::string fault = fault_of_header_name(name);
    if (fault.empty() && std::ranges::find(headers, name, &Headers::value_type::first) != headers.end())
      fault = "is given in another spelling too; header names do not tell upper from lower case, keep one";
    if (!fault.empty()) entry.context->report.error(entry.key_place, entry.path, fault);
    whole = whole && fault.empty() && value;
    if (fault.empty() && value) headers.emplace_back(name, *value);
  }
  if (headers.size() > most_headers) in.wrong("more than " + std::to_string(most_headers) + " headers");
  if (!whole || in.node->type == Node::Type::list) return std::nullopt;
  return headers;
}

// Decodes one whsec_… or whsk_…; what is wrong is said without any part of it.
std::expected<SigningKey, std::string> decode_signing_secret(string_view text) {
  constexpr string_view prefix = "whsec_";
  if (text == "v1" || text == "v1a")
    return std::unexpected(
        "is the beginning of a signature; keep what stands behind its comma, which ends a text here");
  if (text.starts_with("v1,"))
    return std::unexpected("begins with v1, as a signature does; keep what begins with whsec_");
  if (text.starts_with("whsk_") || text.starts_with("whpk_")) return parse_signing_key(text);
  if (!text.starts_with(prefix)) return std::unexpected("must begin with whsec_, or with whsk_ for ed25519");
  text.remove_prefix(prefix.size());
  if (text.find_first_of("-_") != string_view::npos)
    return std::unexpected("is URL-safe base64; write standard base64, with + and / for - and _");
  if (text.find_first_of(" \t\r\n") != string_view::npos) return std::unexpected("holds a space or a line break");
  if (!only(text, "+/=")) return std::unexpected("holds characters that are not base64");
  if (text.size() % 4 != 0) return std::unexpected("is not padded; base64 is filled up to a multiple of 4 with =");
  auto bytes = decode_base64(text);
  if (!bytes) return std::unexpected("is no valid base64");
  const std::string size = std::to_string(bytes->size());
  if (bytes->size() < least_secret_bytes)
    return std::unexpected("is too short: " + size + " bytes where 24 to 64 are wanted");
  if (bytes->size() > most_secret_bytes)
    return std::unexpected("is too long: " + size + " bytes where 24 to 64 are wanted");
  return SigningKey(Secret(std::move(*bytes)));
}

std::optional<SigningKey> read_signing_secret(const Input& in) {
  const auto text = read_text(in);
  if (!text) return std::nullopt;
  auto secret = decode_signing_secret(text->value());
  if (secret) return std::move(*secret);
  in.wrong(secret.error().contains("--ed25519") ? secret.error() : secret.error().append(fresh_one));
  return std::nullopt;
}

std::optional<std::vector<SigningKey>> read_signing_secrets(const Input& in) {
  std::vector<SigningKey> secrets;
  if (in.node->type != Node::Type::list) {
    auto secret = read_signing_secret(in);
    if (!secret) return std::nullopt;
    secrets.push_back(std::move(*secret));
    return secrets;
  }
  bool whole = true;
  for (std::size_t i = 0; i < in.node->items.size(); ++i) {
    auto secret = read_signing_secret(in.item(i));
    if (secret && std::ranges::find(secrets, *secret) != secrets.end())
      in.item(i).wrong("is the same secret as one before it; keep one");
    whole = whole && secret;
    if (secret) secrets.push_back(std::move(*secret));
  }
  if (in.node->items.empty()) in.wrong("an empty list; name a secret, or leave the key out");
  if (secrets.size() > most_secrets)
    in.wrong("more than " + std::to_string(most_secrets) + " secrets; retire old ones");
  if (!whole) return std::nullopt;
  return secrets;
}

// A PEM text: by a reference, or the path of its file.
std::optional<Secret> read_pem(const Input& in, std::string (*fault_of)(std::string_view)) {
  const auto text = read_text(in);
  if (!text) return std::nullopt;
  std::string pem = text->value();
  if (!pem.starts_with("-----BEGIN")) {
    if (!pem.starts_with('/') || has_control(pem)) {
      in.wrong("must be the absolute path of a PEM file, or its text by a reference such as ${credential:NAME}");
      return std::nullopt;
    }
    auto read = read_small_file(pem);
    if (!read) {
      in.wrong("names a file that cannot be read: " + read.error());
      return std::nullopt;
    }
    pem = std::move(*read);
  }
  const std::string fault = fault_of(pem);
  if (fault.empty()) return Secret(std::move(pem));
  in.wrong(fault);
  return std::nullopt;
}

Form<Secret> pem(std::string (*fault_of)(std::string_view)) {
  return {text_schema("/.*|-----BEGIN(.|\n)*"), [fault_of](const Input& in) { return read_pem(in, fault_of); }};
}

}  // namespace

std::string fault_of_hook_url(string_view url) {
  const bool odd = std::ranges::any_of(
      url, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F; });
  if (odd) return "holds a space, a control character or one outside ASCII; percent-encode it, a host as punycode";
  if (url.find_first_of("\\\"<>^`{|}") != string_view::npos)
    return "holds a character no URL may hold; percent-encode it";
  const std::size_t end = url.find("://");
  const std::string scheme = end == string_view::npos ? "" : lower(url.substr(0, end));
  if (scheme != "http" && scheme != "https") return "must begin with https:// or http://";
  if (url.size() > longest_hook_url) return "is longer than " + std::to_string(longest_hook_url) + " bytes";
  url.remove_prefix(end + 3);
  const string_view authority = url.substr(0, url.find_first_of("/?#"));
  if (authority.contains('@')) return "holds a user or password; put them into headers, as authorization";
  if (url.contains('#')) return "has a #fragment, which is never sent; leave it out";
  return fault_of_host(authority);
}

Form<HookUrl> hook_url() {
  const auto read = [](const Input& in) -> std::optional<HookUrl> {
    const auto text = read_text(in);
    if (!text) return std::nullopt;
    HookUrl hook{text->value(), text->has_references() ? text->written : text->value()};
    const std::string fault = fault_of_hook_url(hook.url);
    if (fault.empty()) return hook;
    in.wrong(fault);
    return std::nullopt;
  };
  return {text_schema("[Hh][Tt][Tt][Pp][Ss]?://[^\\s@#/][^\\s#]*"), read};
}

Form<Headers> headers() {
  const json value = {{"type", {"string", "number"}}, {"minLength", 1}, {"maxLength", longest_header}};
  const json schema = {{"type", {"object", "null"}},
                       {"maxProperties", most_headers},
                       {"propertyNames", {{"pattern", "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"}}},
                       {"additionalProperties", value}};
  return {schema.dump(), read_headers};
}

Form<std::vector<SigningKey>> signing_secrets() {
  const json one = json::parse(text_schema("(whsec_|whsk_)[A-Za-z0-9+/]{32,88}={0,2}"));
  const json list = {{"type", "array"}, {"items", one}, {"minItems", 1}, {"maxItems", most_secrets}};
  return {json{{"anyOf", {one, list}}}.dump(), read_signing_secrets};
}

Form<Tls> tls() {
  const Keys<Tls> keys = {
      key<Tls>("ca", "PEM certificates that alone vouch for the receiver. Default: those of the system.", &Tls::ca,
               pem(fault_of_certificates)),
      key<Tls>("cert", "PEM certificate that vhookd shows of itself, with those between it and its root.", &Tls::cert,
               pem(fault_of_certificates)),
      key<Tls>("key", "PEM private key of cert, without a passphrase.", &Tls::key, pem(fault_of_key)),
  };
  return object<Tls>(keys, [](const Input& in, const Given& given, const Tls& value) {
    for (const auto& [one, other] : {std::pair("cert", "key"), std::pair("key", "cert")}) {
      if (given.contains(one) && !given.contains(other))
        in.context->report.error(given.at(one)->place, in.path + "." + one,
                                 std::string("needs ") + other + " beside it; give both or neither");
    }
    if (value.cert.empty() || value.key.empty()) return;
    const std::string fault = fault_of_pair(value.cert.reveal(), value.key.reveal());
    if (!fault.empty()) in.context->report.error(given.at("key")->place, in.path + ".key", fault);
  });
}

}  // namespace vhookd::config
