#include "core/table.h"

#include <algorithm>

namespace vhookd {

const Column* Table::find(const std::string& column) const {
  const auto at = std::ranges::find(columns, column, &Column::name);
  return at == columns.end() ? nullptr : &*at;
}

}  // namespace vhookd
