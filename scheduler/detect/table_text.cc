#include "scheduler/detect/table_text.h"

#include <ranges>

namespace vhookd {

std::string full_name(const Table& table) {
  return table.name.schema.empty() ? table.name.name : table.name.schema + "." + table.name.name;
}

std::string columns_of(const Table& table) {
  std::string list;
  for (const auto& column : table.columns | std::views::take(40)) list += (list.empty() ? "" : ", ") + column.name;
  return list;
}

}  // namespace vhookd
