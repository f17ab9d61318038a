// A certificate authority for one test, and what it issues. PEM texts; valid from an hour ago for a day.
#pragma once

#include <memory>
#include <string>

namespace vhookd::testing {

struct Issued {
  std::string cert, key;
};

class Authority {
 public:
  Authority();
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  std::string pem() const;                    // its own certificate
  Issued issue(const std::string& alt_names)  // "IP:127.0.0.1" or "DNS:client.test"
      const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vhookd::testing
