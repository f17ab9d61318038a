#include "config/report.h"

#include <algorithm>

namespace vhookd::config {

namespace {

constexpr std::size_t longest_quotation = 60;  // bytes: enough to find the text in the file, short enough to read

// Escapes control characters, including U+0080 to U+009F, which terminals also interpret.
void append_visibly(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool second = c == 0xC2 && i + 1 < text.size() && (text[i + 1] & 0xE0) == 0x80;
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7F || second) {
      const auto code = second ? static_cast<unsigned char>(text[++i]) : c;
      out += "\\x";
      out += hex[code >> 4];
      out += hex[code & 15];
    } else {
      out += text[i];
    }
  }
}

std::string line_of(std::string_view key, std::string_view what) {
  std::string text;
  append_visibly(text, key);
  if (!key.empty()) text += ": ";
  append_visibly(text, what);
  return text;
}

}  // namespace

int Report::add_file(std::string name) {
  files_.push_back(std::move(name));
  return static_cast<int>(files_.size()) - 1;
}

void Report::error(Location at, std::string_view key, std::string_view what) {
  errors_.emplace_back(at, line_of(key, what));
}

void Report::notice(Location at, std::string_view key, std::string_view what) {
  notices_.emplace_back(at, line_of(key, what));
}

std::string Report::where(Location at) const {
  std::string text = files_[static_cast<std::size_t>(at.file)];
  if (at.line > 0) text += ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
  return text;
}

std::vector<std::string> Report::errors() const {
  return print(errors_);
}
std::vector<std::string> Report::notices() const {
  return print(notices_);
}

std::vector<std::string> Report::print(Entries entries) const {
  std::ranges::stable_sort(entries, {}, &Entries::value_type::first);
  std::vector<std::string> lines;
  lines.reserve(entries.size());
  for (const auto& [at, text] : entries) lines.push_back(where(at) + ": " + text);
  return lines;
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    if (out.size() > longest_quotation) return out + "…\"";
    std::size_t end = i + 1;
    while (end < text.size() && (text[end] & 0xC0) == 0x80) ++end;
    append_visibly(out, text.substr(i, end - i));
    i = end;
  }
  return out + "\"";
}

}  // namespace vhookd::config
