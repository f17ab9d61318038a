// A page is what one POST carries: its bytes, id and sequence are final once it is made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vhookd {

enum class PageType { initial_partial, initial_complete, virtual_ };
std::string_view name_of(PageType type);  // "INITIAL-PARTIAL" …, as in the payload

struct Page {
  std::string id;              // the webhook-id header: stable over every retry and restart
  std::uint64_t sequence = 0;  // 1, 2, 3 … for each webhook
  PageType type = PageType::virtual_;
  int records = 0;
  std::string body;  // the whole JSON body, UTF-8
};

}  // namespace vhookd
