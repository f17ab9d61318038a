#include "daemon/output/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace vhookd {

namespace {

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

// The number of code points, which is the width of most names and messages in columns.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::string cut(const std::string& text, std::size_t width) {
  if (columns(text) <= width) return text;
  if (width == 0) return {};
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if (begins_character(text[end]) && ++seen == width) break;
  }
  return text.substr(0, end) + "…";
}

std::string painted(const std::string& text, Colour colour) {
  switch (colour) {
    case Colour::plain:
      return text;
    case Colour::good:
      return "\x1b[32m" + text + "\x1b[0m";
    case Colour::bad:
      return "\x1b[31m" + text + "\x1b[0m";
    case Colour::faint:
      return "\x1b[2m" + text + "\x1b[0m";
  }
  return text;
}

// The layout of a table on a terminal.
struct Layout {
  std::size_t whole = unbounded;  // width of a line
  std::size_t last = unbounded;   // width of its last cell
  bool folded = false;            // the last cell is on a separate line
  static constexpr auto unbounded = std::numeric_limits<std::size_t>::max();
};

// Reduces widths[0] if nothing else makes the table fit.
Layout laid_out(std::vector<std::size_t>& widths, const Terminal& terminal, NarrowTable narrow) {
  constexpr std::size_t least_last = 24;
  constexpr std::size_t least_first = 8;
  if (terminal.width <= 0) return {};
  const auto whole = static_cast<std::size_t>(terminal.width);
  std::size_t before_last = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) before_last += widths[i] + 2;
  const std::size_t left = whole > before_last ? whole - before_last : 0;
  if (left >= std::min(least_last, widths.back())) return {.whole = whole, .last = left};
  const std::size_t last = whole - std::min<std::size_t>(whole, 2);
  if (narrow == NarrowTable::wrap) return {.last = last, .folded = true};
  // The last but one column now ends the line, without spaces after it.
  const std::size_t over = before_last - 2 > whole ? before_last - 2 - whole : 0;
  widths[0] -= std::min(over, widths[0] - std::min(widths[0], least_first));
  return {.whole = whole, .last = last, .folded = true};
}

std::string printed(const std::vector<Cell>& line, const std::vector<std::size_t>& widths, const Layout& layout,
                    bool colour) {
  const auto shown = [&](const Cell& cell, const std::string& text) {
    return colour && !text.empty() ? painted(text, cell.colour) : text;
  };
  const Cell& last = line.back();
  std::string out;
  std::size_t used = 0;
  for (std::size_t i = 0; i + 1 < line.size() && used < layout.whole; ++i) {
    const std::string text = cut(line[i].text, std::min(widths[i], layout.whole - used));
    out += shown(line[i], text);
    const std::size_t wide = std::min(widths[i] + 2, layout.whole - used);
    out.append(wide - std::min(wide, columns(text)), ' ');
    used += wide;
  }
  if (!layout.folded) out += shown(last, cut(last.text, layout.last));
  out.resize(out.find_last_not_of(' ') + 1);
  if (layout.folded && !last.text.empty()) out += "\n  " + shown(last, cut(last.text, layout.last));
  return out + "\n";
}

}  // namespace

Terminal standard_output() {
  Terminal terminal;
  if (isatty(STDOUT_FILENO) == 0) return terminal;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  terminal.colour = (no_color == nullptr || *no_color == '\0') && (term == nullptr || std::string_view(term) != "dumb");
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  terminal.width = known ? size.ws_col : 80;
  terminal.height = known ? size.ws_row : 24;
  return terminal;
}

std::string table(const std::vector<std::string>& head, const std::vector<std::vector<Cell>>& rows,
                  const Terminal& terminal, NarrowTable narrow) {
  std::vector<std::vector<Cell>> lines;
  lines.emplace_back();
  for (const auto& name : head) lines.back().push_back({name, Colour::faint});
  for (const auto& row : rows) {
    lines.push_back(row);
    for (auto& cell : lines.back()) cell.text = printable(cell.text);
  }
  std::vector<std::size_t> widths(head.size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], columns(line[i].text));
  }
  const Layout layout = laid_out(widths, terminal, narrow);
  std::string out;
  for (const auto& line : lines) out += printed(line, widths, layout, terminal.colour);
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) ++i;
    out += byte < 0x20 || byte == 0x7F || c1 ? ' ' : text[i];
  }
  return out;
}

}  // namespace vhookd
