// A string that cannot be printed or logged by accident: its text is accessible only through reveal().
#pragma once

#include <string>
#include <utility>

namespace vhookd {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  std::string text_;
};

}  // namespace vhookd
