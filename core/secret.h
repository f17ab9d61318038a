// A string that does not print itself. Whoever needs the text asks for it by name.
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
