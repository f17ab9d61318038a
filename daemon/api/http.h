// HTTP requests and responses as values.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace vhookd {

struct HttpRequest {
  std::string method;                          // "GET", as sent
  std::string path;                            // decoded, begins with /
  std::map<std::string, std::string> query;    // decoded; of a repeated name the last value
  std::map<std::string, std::string> headers;  // names in lower case; repeated headers are joined with ", "
  std::string body;
  bool trusted = false;  // received on the Unix socket
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // in addition to content-type
  // For an answer that is too large to keep in memory: returns the next piece after `body` each time the client has
  // read the previous one; an empty string ends the answer. Called by one thread.
  std::function<std::string()> more = {};
};

}  // namespace vhookd
