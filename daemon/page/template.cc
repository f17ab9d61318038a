#include "daemon/page/template.h"

#include <cstdio>
#include <cstdlib>

namespace vhookd {

namespace {

// U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069, in UTF-8.
bool changes_direction(std::string_view text) {
  if (text.size() < 3 || text[0] != '\xE2') return false;
  const auto second = static_cast<unsigned char>(text[1]);
  const auto third = static_cast<unsigned char>(text[2]);
  if (second == 0x80) return third == 0x8E || third == 0x8F || (third >= 0xAA && third <= 0xAE);
  return second == 0x81 && third >= 0xA6 && third <= 0xA9;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (changes_direction(text.substr(i))) {
      out += ' ';
      i += 2;
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else {
      const bool control = (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == '\x7F';
      out += control ? ' ' : c;
    }
  }
  return out;
}

std::string filled(std::string_view text, Fields fields) {
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t open = text.find("{{", at);
    out += text.substr(at, open - at);
    if (open == std::string_view::npos) return out;
    const std::size_t close = text.find("}}", open);
    std::string_view name = text.substr(open + 2, close - open - 2);
    const bool raw = name.starts_with('&');
    if (raw) name.remove_prefix(1);
    const auto* field = std::ranges::find(fields, name, [](const auto& pair) { return pair.first; });
    if (close == std::string_view::npos || field == fields.end()) {
      std::fprintf(stderr, "vhookd: no value for {{%.*s}} of a template\n", static_cast<int>(name.size()), name.data());
      std::abort();
    }
    out += raw ? field->second : escaped(field->second);
    at = close + 2;
  }
}

}  // namespace vhookd
