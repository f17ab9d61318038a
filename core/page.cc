#include "core/page.h"

namespace vhookd {

std::string_view name_of(PageType type) {
  switch (type) {
    case PageType::initial_partial:
      return "INITIAL-PARTIAL";
    case PageType::initial_complete:
      return "INITIAL-COMPLETE";
    case PageType::virtual_:
      return "VIRTUAL";
  }
  return {};
}

}  // namespace vhookd
