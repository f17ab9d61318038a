// One HTTP request over TCP to a port of this machine, written byte by byte as the test wants it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace vhookd::testing {

struct HttpAnswer {
  int status = 0;  // 0: none came
  std::string head, body;
  nlohmann::ordered_json json() const { return nlohmann::ordered_json::parse(body, nullptr, false); }
  std::string header(const std::string& name) const;  // the name in lower case; empty: not there
};

// One that was free a moment ago.
int free_port();

// `headers`: each with its \r\n. The host is the address itself where they name none.
HttpAnswer ask_http(int port, const std::string& method, const std::string& target, const std::string& headers = "",
                    const std::string& body = "");

}  // namespace vhookd::testing
