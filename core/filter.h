// One condition on one column of a table.
#pragma once

#include <string>
#include <vector>

#include "core/value.h"

namespace vhookd {

enum class Op { eq, ne, gt, gte, lt, lte, in, not_in, like, is_null };

// `col: value` is eq, `col: [a, b]` is in, `col: null` is is_null true.
struct Filter {
  std::string column;
  Op op = Op::eq;
  std::vector<Param> values;  // one; in and not_in any number; is_null: one boolean, "t" or "f"
  bool operator==(const Filter&) const = default;
};

}  // namespace vhookd
