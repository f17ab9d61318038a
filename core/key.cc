#include "core/key.h"

#include <algorithm>

namespace vhookd {

namespace {

constexpr char negative = 0x10;
constexpr char positive = 0x11;
constexpr char text_tag = 0x20;
constexpr char binary_tag = 0x30;

bool is_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.size() < 256 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

char flip(char c) {
  return static_cast<char>(~c);
}

void append_integer(std::string& bytes, std::string_view text) {
  bool below = text.starts_with('-');
  if (below) text.remove_prefix(1);
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
  below = below && text != "0";
  bytes += below ? negative : positive;
  const char count = static_cast<char>(text.size());
  bytes += below ? flip(count) : count;
  for (const char c : text) bytes += below ? flip(c) : c;
}

void append_bytes(std::string& bytes, char tag, std::string_view text) {
  bytes += tag;
  for (const char c : text) {
    bytes += c;
    if (c == '\0') bytes += '\xff';
  }
  bytes += '\0';
  bytes += '\x01';
}

Param read_integer(std::string_view bytes, std::size_t& at) {
  const bool below = bytes[at++] == negative;
  const char stored = bytes[at++];
  const auto count = static_cast<unsigned char>(below ? flip(stored) : stored);
  Param param{.kind = Kind::integer, .null = false, .text = below ? "-" : ""};
  for (unsigned i = 0; i < count; ++i, ++at) param.text += below ? flip(bytes[at]) : bytes[at];
  return param;
}

Param read_bytes(std::string_view bytes, std::size_t& at) {
  Param param{.kind = bytes[at++] == binary_tag ? Kind::binary : Kind::text, .null = false, .text = {}};
  for (; bytes[at] != '\0' || bytes[at + 1] == '\xff'; ++at) {
    param.text += bytes[at];
    if (bytes[at] == '\0') ++at;
  }
  at += 2;
  return param;
}

}  // namespace

bool append_key(std::string& bytes, const Value& value) {
  if (value.null || value.kind == Kind::real) return false;
  if (value.kind == Kind::integer && is_integer(value.text)) {
    append_integer(bytes, value.text);
  } else if (value.kind == Kind::hex) {  // as PostgreSQL reads and sorts it
    append_bytes(bytes, text_tag, "\\x" + std::string(value.text));
  } else {
    append_bytes(bytes, value.kind == Kind::binary ? binary_tag : text_tag, value.text);
  }
  return true;
}

std::vector<Param> read_key(std::string_view bytes) {
  std::vector<Param> params;
  for (std::size_t at = 0; at < bytes.size();) {
    const char tag = bytes[at];
    params.push_back(tag == negative || tag == positive ? read_integer(bytes, at) : read_bytes(bytes, at));
  }
  return params;
}

}  // namespace vhookd
