#include "core/source.h"

#include <algorithm>
#include <span>

namespace vhookd {

bool key_is_indexed(const SourceTraits& traits, const Selection& selection) {
  std::vector<std::string> columns;
  for (const auto& key : selection.key) {
    const Column* column = selection.table->find(key.name);
    if (column != nullptr && traits.key_order(*column) != KeyOrder::native) return false;
    columns.push_back(key.name);
  }
  if (selection.table->find(columns.front()) == nullptr) return true;  // the row number
  return std::ranges::any_of(selection.table->indexes, [&](const Index& index) {
    return index.columns.size() >= columns.size() &&
           std::ranges::equal(columns, std::span(index.columns).first(columns.size()));
  });
}

}  // namespace vhookd
