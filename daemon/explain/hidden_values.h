// Filter values that came from ${…} references: bound like any other, shown never. A server's own words
// may hold them: PostgreSQL quotes what it can't read as the column's type.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "core/error.h"

namespace vhookd {

// Values are recognised by their text: one that is the same by chance is hidden as well.
class HiddenValues {
 public:
  explicit HiddenValues(const config::Webhook& webhook);

  std::string show(const Param& param) const;  // as SQL would have it: 5, 'text', NULL, ***
  Error without(Error error) const;            // its message with *** for each of them

 private:
  std::vector<std::string> texts_;
};

}  // namespace vhookd
