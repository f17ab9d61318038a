// A page in two, for a receiver that refuses it for what it holds. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/page.h"
#include "core/secret.h"

namespace vhookd {

struct Halves {
  Page first, second;
};

// The first and the second half of the page's records, byte for byte as they were, as pages with ids of their own.
// Only the second half of an INITIAL-COMPLETE says that it is the last. None: the page has one record, or its body
// is none of ours. `secret` and `random_id` as in PageStyle.
std::optional<Halves> halve(const Page& page, const Secret& secret, const std::function<std::string()>& random_id);

}  // namespace vhookd
