// Names under .test that resolve as a test says, without a name server: this file's getaddrinfo takes
// the place of the C library's for the whole program, libcurl included. Other names go to the real one.
#pragma once

#include <string>
#include <vector>

namespace vhookd::testing {

// From now on `name` has these addresses. A name under .test that was never set does not exist.
void set_addresses(const std::string& name, std::vector<std::string> addresses);

// While one is alive, lookups of `name` do not return.
class SlowName {
 public:
  explicit SlowName(std::string name);
  ~SlowName();
  SlowName(const SlowName&) = delete;
  SlowName& operator=(const SlowName&) = delete;

 private:
  std::string name_;
};

}  // namespace vhookd::testing
