// Formats text for a terminal: tables, widths, colours. Control characters are removed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/time_text.h"

namespace vhookd {

// The properties of standard output.
struct Terminal {
  bool colour = false;  // it is a terminal, NO_COLOR is not set, and TERM is not dumb
  int width = 0;        // columns; 0: not a terminal, lines are not cut
  int height = 0;       // lines; 0: not a terminal
};
Terminal standard_output();

enum class Colour { plain, good, bad, faint };

struct Cell {
  std::string text;
  Colour colour = Colour::plain;
};

// What happens to a table that is wider than the terminal, in addition to cutting its last column. wrap: lines continue
// on the next line, so that ids can be copied completely. cut: the first column and the ends of lines are cut.
enum class NarrowTable { wrap, cut };

// Each column is as wide as its widest cell, and two spaces separate columns. On a terminal the last column is cut; if
// less than 24 characters of it would remain, it is printed on a separate line below its row. Pure. The texts come from
// databases and receivers, so they pass through printable().
std::string table(const std::vector<std::string>& head, const std::vector<std::vector<Cell>>& rows,
                  const Terminal& terminal, NarrowTable narrow = NarrowTable::wrap);

// `text` with control characters (C0, DEL, C1) replaced by spaces, so that it cannot move the cursor or start a line.
std::string printable(std::string_view text);

}  // namespace vhookd
