// Splits a page in two, for a receiver that rejects it because of its content. Pure.
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

// The first and the second half of the page's records, unchanged byte for byte, as pages with new ids. Of an
// INITIAL-COMPLETE page only the second half keeps that type. Returns nullopt if the page has a single record, or if
// envelope() did not build its body. `secret` and `random_id` are those of PageStyle.
std::optional<Halves> halve(const Page& page, const Secret& secret, const std::function<std::string()>& random_id);

}  // namespace vhookd
