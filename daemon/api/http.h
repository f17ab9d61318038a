// One HTTP request and its answer, as values.
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
  std::map<std::string, std::string> query;    // decoded; of a name given twice the last counts
  std::map<std::string, std::string> headers;  // names in lower case; one sent twice is joined with ", "
  std::string body;
  bool trusted = false;  // came by the Unix socket
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // besides content-type
  // What follows `body`, where an answer is too large to be held whole: piece by piece, as the client takes them; an
  // empty one is the end. Called by one thread.
  std::function<std::string()> more = {};
};

}  // namespace vhookd
