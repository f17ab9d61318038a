// A page: the content of one POST. Its body, id and sequence do not change once it is built.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vhookd {

enum class PageType { initial_partial, initial_complete, virtual_ };
std::string_view name_of(PageType type);  // "INITIAL-PARTIAL" …, as in the payload

struct Page {
  std::string id;              // the webhook-id header; the same for every retry and after a restart
  std::uint64_t sequence = 0;  // 1, 2, 3 … per webhook
  PageType type = PageType::virtual_;
  int records = 0;
  std::string body;  // the complete JSON body, UTF-8
};

}  // namespace vhookd
