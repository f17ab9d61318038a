// Text for people: tables, widths, colours, and nothing in it that a terminal would obey.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/time_text.h"

namespace vhookd {

// How standard output wants to be written to.
struct Terminal {
  bool colour = false;  // a terminal, NO_COLOR is not set, TERM is not dumb
  int width = 0;        // columns; 0: not a terminal, lines are not cut
  int height = 0;       // lines; 0: not a terminal
};
Terminal standard_output();

enum class Colour { plain, good, bad, faint };

struct Cell {
  std::string text;
  Colour colour = Colour::plain;
};

// What gives way where a table is wider than the terminal, besides its last column: nothing, for somebody has to type
// what stands there, and the line runs over; or the first column and the ends of lines.
enum class Narrow { runs_over, is_cut };

// Columns as wide as their widest cell, two spaces between. On a terminal the last column is cut; where hardly anything
// would be left of it, it stands on a line of its own below its row.
// Pure. Texts come from databases and receivers: they pass through printable().
std::string table(const std::vector<std::string>& head, const std::vector<std::vector<Cell>>& rows,
                  const Terminal& terminal, Narrow narrow = Narrow::runs_over);

// Control characters (C0, DEL, C1) as spaces, so that no text can move the cursor or begin a line.
std::string printable(std::string_view text);

}  // namespace vhookd
