#include "config/hook.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "config/json_text.h"
#include "config/scalars.h"
#include "core/pem.h"
#include "core/text.h"

namespace vhookd::config {

namespace {

using std::string_view;

constexpr std::size_t longest_hook_url = 8000;
constexpr std::size_t longest_header = 8000;
constexpr std::size_t most_headers = 50;
constexpr std::size_t most_secrets = 10;

constexpr string_view letters_and_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

bool only(string_view text, string_view also) {
  return std::ranges::all_of(text, [&](char c) { return letters_and_digits.contains(c) || also.contains(c); });
}

// What is wrong with HOST[:PORT] of a hook_url; empty: nothing.
std::string host_error(string_view host) {
  string_view port;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    in6_addr address{};
    if (end == string_view::npos || inet_pton(AF_INET6, std::string(host.substr(1, end - 1)).c_str(), &address) != 1)
      return "has an invalid IPv6 address in brackets; write it as [2001:db8::1]";
    port = host.substr(end + 1);
    if (!port.empty() && port[0] != ':') return "has unexpected text after the ]";
    host = host.substr(0, end + 1);
  } else {
    port = host.substr(std::min(host.size(), host.find(':')));
    host = host.substr(0, host.size() - port.size());
    if (host.empty()) return "has no host; write https://HOST/PATH";
    if (!only(host, ".-_") || host.starts_with('.') || host.contains(".."))
      return "has an invalid host; write a host name or an IP address";
  }
  if (port.empty()) return {};
  port.remove_prefix(1);
  int number = 0;
  const auto [end, fault] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (fault != std::errc() || end != port.data() + port.size() || number < 1 || number > 65535)
    return "has an invalid port; write 1 to 65535, or leave the colon out";
  return {};
}

bool set_by_vhookd(string_view name) {
  constexpr string_view names[] = {"content-type", "content-length",   "user-agent",     "host", "transfer-encoding",
                                   "connection",   "proxy-connection", "expect",         "te",   "trailer",
                                   "upgrade",      "keep-alive",       "accept-encoding"};
  return name.starts_with("webhook-") || name.starts_with("vhookd-") ||
         std::ranges::find(names, name) != std::end(names);
}

// What is wrong with a header's name; empty: nothing.
std::string header_name_error(const std::string& name) {
  if (name.empty() || !only(name, "!#$%&'*+-.^_`|~")) return "is not a valid header name; use letters, digits and -";
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
    in.wrong("contains a line break or another control character; write it on one line");
  } else if (value.size() > longest_header) {
    in.wrong("is longer than " + std::to_string(longest_header) + " bytes");
  } else {
    return Secret(std::move(value));
  }
  return std::nullopt;
}

std::optional<Headers> read_headers(const Input& in) {
  Headers headers;
  bool valid = true;
  for (const auto& [written, entry] : named_entries(in, "header names and values")) {
    const std::string name = lower(written);
    const auto value = read_header_value(entry);
    std::string fault = header_name_error(name);
    if (fault.empty() && std::ranges::find(headers, name, &Headers::value_type::first) != headers.end())
      fault = "is a duplicate in another spelling; header names are case-insensitive, keep one";
    if (!fault.empty()) entry.context->report.error(entry.key_location, entry.path, fault);
    valid = valid && fault.empty() && value;
    if (fault.empty() && value) headers.emplace_back(name, *value);
  }
  if (headers.size() > most_headers) in.wrong("has more than " + std::to_string(most_headers) + " headers");
  if (!valid || in.node->type == Node::Type::list) return std::nullopt;
  return headers;
}

std::optional<SigningKey> read_signing_secret(const Input& in) {
  const auto text = read_text(in);
  if (!text) return std::nullopt;
  const std::string value = text->value();
  if (value == "v1" || value == "v1a") {  // in a list written [v1,whsec_…]
    in.wrong(
        "is only the prefix of a signature, because a comma ends a value here; keep the part that begins with whsec_");
    return std::nullopt;
  }
  auto secret = parse_signing_key(value);
  if (secret) return std::move(*secret);
  in.wrong(secret.error());
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
  bool valid = true;
  for (std::size_t i = 0; i < in.node->items.size(); ++i) {
    auto secret = read_signing_secret(in.item(i));
    if (secret && std::ranges::find(secrets, *secret) != secrets.end())
      in.item(i).wrong("is a duplicate of an earlier secret; keep one");
    valid = valid && secret;
    if (secret) secrets.push_back(std::move(*secret));
  }
  if (in.node->items.empty()) in.wrong("is an empty list; add a secret, or leave the key out");
  if (secrets.size() > most_secrets)
    in.wrong("has more than " + std::to_string(most_secrets) + " secrets; remove old ones");
  if (!valid) return std::nullopt;
  return secrets;
}

// PEM text from a reference, or from the file whose path the value is.
std::optional<Secret> read_pem(const Input& in, std::string (*check)(std::string_view)) {
  const auto text = read_text(in);
  if (!text) return std::nullopt;
  std::string pem = text->value();
  if (!pem.starts_with("-----BEGIN")) {
    if (!pem.starts_with('/') || has_control(pem)) {
      in.wrong("must be the absolute path of a PEM file, or a reference to PEM text such as ${credential:NAME}");
      return std::nullopt;
    }
    auto read = read_small_file(pem);
    if (!read) {
      in.wrong("is the path of a file that cannot be read: " + read.error());
      return std::nullopt;
    }
    pem = std::move(*read);
  }
  const std::string fault = check(pem);
  if (fault.empty()) return Secret(std::move(pem));
  in.wrong(fault);
  return std::nullopt;
}

ValueType<Secret> pem(std::string (*check)(std::string_view)) {
  return {text_schema("/.*|-----BEGIN(.|\n)*"), [check](const Input& in) { return read_pem(in, check); }};
}

}  // namespace

std::string hook_url_error(string_view url) {
  const bool odd = std::ranges::any_of(
      url, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F; });
  if (odd)
    return "contains a space, a control character or a non-ASCII character; percent-encode it, and write a host name "
           "in punycode";
  if (url.find_first_of("\\\"<>^`{|}") != string_view::npos)
    return "contains a character that is not allowed in a URL; percent-encode it";
  const std::size_t end = url.find("://");
  const std::string scheme = end == string_view::npos ? "" : lower(url.substr(0, end));
  if (scheme != "http" && scheme != "https") return "must begin with https:// or http://";
  if (url.size() > longest_hook_url) return "is longer than " + std::to_string(longest_hook_url) + " bytes";
  url.remove_prefix(end + 3);
  const string_view authority = url.substr(0, url.find_first_of("/?#"));
  if (authority.contains('@')) return "contains a user name or password; put them into headers, as authorization";
  if (url.contains('#')) return "has a #fragment, which is never sent; leave it out";
  return host_error(authority);
}

ValueType<HookUrl> hook_url() {
  const auto read = [](const Input& in) -> std::optional<HookUrl> {
    const auto text = read_text(in);
    if (!text) return std::nullopt;
    HookUrl hook{text->value(), text->has_references() ? text->written : text->value()};
    const std::string fault = hook_url_error(hook.url);
    if (fault.empty()) return hook;
    in.wrong(fault);
    return std::nullopt;
  };
  return {text_schema("[Hh][Tt][Tt][Pp][Ss]?://[^\\s@#/][^\\s#]*"), read};
}

ValueType<Headers> headers() {
  const std::string value = json_object(
      {{"type", R"(["string","number"])"}, {"minLength", "1"}, {"maxLength", std::to_string(longest_header)}});
  const std::string name = json_object({{"pattern", json_string("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")}});
  return {json_object({{"type", R"(["object","null"])"},
                       {"maxProperties", std::to_string(most_headers)},
                       {"propertyNames", name},
                       {"additionalProperties", value}}),
          read_headers};
}

ValueType<std::vector<SigningKey>> signing_secrets() {
  const std::string one = text_schema("(whsec_|whsk_)[A-Za-z0-9+/]{32,88}={0,2}");
  const std::string list = json_object(
      {{"type", R"("array")"}, {"items", one}, {"minItems", "1"}, {"maxItems", std::to_string(most_secrets)}});
  return {any_of_schema({one, list}), read_signing_secrets};
}

ValueType<Tls> tls() {
  const Keys<Tls> keys = {
      key<Tls>("ca", "PEM certificates of the only CAs to trust. Default: those of the system.", &Tls::ca,
               pem(certificates_error)),
      key<Tls>("cert", "PEM client certificate of vhookd, with its intermediate certificates.", &Tls::cert,
               pem(certificates_error)),
      key<Tls>("key", "PEM private key of cert, without a passphrase.", &Tls::key, pem(private_key_error)),
  };
  return object<Tls>(keys, [](const Input& in, const PresentKeys& given, const Tls& value) {
    for (const auto& [one, other] : {std::pair("cert", "key"), std::pair("key", "cert")}) {
      if (given.contains(one) && !given.contains(other))
        in.context->report.error(given.at(one)->location, in.path + "." + one,
                                 std::string("requires ") + other + "; set both or neither");
    }
    if (value.cert.empty() || value.key.empty()) return;
    const std::string fault = key_pair_error(value.cert.reveal(), value.key.reveal());
    if (!fault.empty()) in.context->report.error(given.at("key")->location, in.path + ".key", fault);
  });
}

}  // namespace vhookd::config
