// Text for people: tables, widths, colours, and nothing in it that a terminal would obey.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vhookd {

// How standard output wants to be written to.
struct Terminal {
  bool colour = false;  // a terminal, NO_COLOR is not set, TERM is not dumb
  int width = 0;        // columns; 0: not a terminal, lines are not cut
};
Terminal standard_output();

enum class Colour { plain, good, bad, faint };

struct Cell {
  std::string text;
  Colour colour = Colour::plain;
};

// Columns as wide as their widest cell, two spaces between; the last is cut to the terminal's width.
// Pure. Texts come from databases and receivers: they pass through printable().
std::string table(const std::vector<std::string>& head, const std::vector<std::vector<Cell>>& rows,
                  const Terminal& terminal);

// Control characters (C0, DEL, C1) as spaces, so that no text can move the cursor or begin a line.
std::string printable(std::string_view text);

// "0s", "59s", "3m12s", "2h05m", "4d03h".
std::string duration_text(double seconds);

}  // namespace vhookd
