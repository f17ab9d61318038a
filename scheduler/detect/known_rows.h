// The known rows of a webhook's epoch, as the methods look them up.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/known.h"

namespace vhookd {

struct KnownRows {
  std::function<Result<std::optional<KnownRow>>(const std::string& key)> find;
  std::function<Result<std::vector<KnownRow>>(const std::string& after, int limit)> after;
  std::function<Result<std::int64_t>()> count;
  std::function<Result<std::vector<KnownRange>>()> ranges = [] { return std::vector<KnownRange>(); };  // by first key
};

}  // namespace vhookd
